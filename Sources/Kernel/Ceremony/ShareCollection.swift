internal import EngineAPI
import SecretMemory
internal import Shamir

/// Shares that people give one after the other for one operation on keys, each share once.
struct ShareCollection: Sendable {
  enum Outcome: Sendable, Equatable {
    /// This share was given before.
    case repeated
    /// So many are there, fewer than needed.
    case progress(Int)
    /// As many as needed; the collection is empty again.
    case complete([SecretBytes])
  }

  private var given: UnsealProgress

  init(threshold: Int) { given = UnsealProgress(threshold: threshold) }

  var progress: Int { given.progress }
  var threshold: Int { given.threshold }

  mutating func add(_ share: SecretBytes) -> Outcome {
    let before = given.progress
    switch given.add(share, nonce: "") {
    case .progress(let count): return count == before ? .repeated : .progress(count)
    case .complete(let shares): return .complete(shares)
    }
  }

  /// The lengths that shares and keys have.
  static func check(_ share: SecretBytes) throws(EngineError) {
    if share.count < 16 { throw .invalid("invalid key: key is shorter than minimum 16 bytes") }
    if share.count > 33 { throw .invalid("invalid key: key is longer than maximum 33 bytes") }
  }
}
