package import SecretMemory

/// The shares that came in so far for one attempt to put a key together.
package struct UnsealProgress: Sendable {
  package enum Outcome: Sendable, Equatable {
    /// This many shares are there, fewer than needed.
    case progress(Int)
    /// The shares, as many as needed. The attempt is over, whatever becomes of them: progress is back at zero.
    case complete([SecretBytes])
  }

  package let threshold: Int
  /// Names the attempt that is under way; empty while there is none.
  package private(set) var nonce = ""
  private var shares: [SecretBytes] = []

  package init(threshold: Int) { self.threshold = threshold }

  package var progress: Int { shares.count }

  /// `nonce` names the attempt if this share begins it. A share that is there already changes nothing.
  package mutating func add(_ share: SecretBytes, nonce: String) -> Outcome {
    if shares.isEmpty { self.nonce = nonce }
    if !shares.contains(share) { shares.append(share) }
    guard shares.count >= threshold else { return .progress(shares.count) }
    let complete = shares
    reset()
    return .complete(complete)
  }

  package mutating func reset() {
    shares = []
    nonce = ""
  }
}
