internal import EngineAPI
internal import Primitives
internal import SecretMemory

/// Which key gets new shares.
package enum RekeyTarget: Sendable, Hashable {
  /// The unseal key; where the seal answers on its own, only the root key behind it is made anew.
  case barrier
  case recovery
}

/// New shares being made by those who hold the present ones: shares are collected, a key is made, and it counts at once or,
/// where that was asked for, when enough of its own shares were shown.
struct Rekey: Sendable {
  struct Plan: Sendable {
    var shares: ShareConfiguration
    var requiresVerification = false
    var backup = false
  }

  /// A key that does not count yet.
  struct Candidate: Sendable {
    var key: SecretBytes
    var shares: [SecretBytes]
  }

  private enum Stage: Sendable {
    case collecting(ShareCollection)
    case verifying(Candidate, nonce: String, ShareCollection)
  }

  let nonce: String
  let plan: Plan
  let begun: Timestamp
  let required: Int
  private var stage: Stage

  /// So long after its beginning an operation is cancelled only by somebody who knows its nonce.
  static let protection = TimeSpan.minutes(10)

  init(nonce: String, plan: Plan, required: Int, begun: Timestamp) {
    self.nonce = nonce
    self.plan = plan
    self.required = required
    self.begun = begun
    stage = .collecting(ShareCollection(threshold: required))
  }

  /// Shares given in the stage that it is in.
  var progress: Int {
    switch stage {
    case .collecting(let shares): shares.progress
    case .verifying(_, _, let shares): shares.progress
    }
  }

  /// Nil before verification has begun.
  var verificationNonce: String? {
    if case .verifying(_, let nonce, _) = stage { nonce } else { nil }
  }

  func mayBeCancelled(nonce given: String, now: Timestamp) -> Bool {
    if given.isEmpty { return now - begun >= Self.protection }
    return constantTimeEqual(given, nonce)
  }

  /// The present shares, when this was the last one needed; nil before.
  mutating func give(_ share: SecretBytes, nonce given: String) throws(EngineError) -> [SecretBytes]? {
    guard case .collecting(var shares) = stage else {
      throw .invalid(
        "rekey operation already finished; verification must be performed; nonce for the verification operation is "
          + "\"\(verificationNonce ?? "")\"")
    }
    guard constantTimeEqual(given, nonce) else {
      throw .invalid("incorrect nonce supplied; nonce for this rekey operation is \"\(nonce)\"")
    }
    defer { stage = .collecting(shares) }
    switch shares.add(share) {
    case .repeated: throw .invalid("given key has already been provided during this generation operation")
    case .progress: return nil
    case .complete(let complete): return complete
    }
  }

  mutating func verify(_ candidate: Candidate, nonce: String) {
    stage = .verifying(candidate, nonce: nonce, ShareCollection(threshold: plan.shares.threshold))
  }

  /// Begins verification anew; the new key stays.
  mutating func restartVerification(nonce: String) {
    if case .verifying(let candidate, _, _) = stage { verify(candidate, nonce: nonce) }
  }

  /// Takes one of the new shares: the new key when enough of them were shown; nil before.
  mutating func giveBack(_ share: SecretBytes, nonce given: String) throws(EngineError) -> Candidate? {
    guard case .verifying(let candidate, let nonce, var shares) = stage else {
      throw .invalid("no rekey verification in progress")
    }
    guard constantTimeEqual(given, nonce) else {
      throw .invalid("incorrect nonce supplied; nonce for this verify operation is \"\(nonce)\"")
    }
    defer { stage = .verifying(candidate, nonce: nonce, shares) }
    switch shares.add(share) {
    case .repeated: throw .invalid("given key has already been provided during this verify operation")
    case .progress: return nil
    case .complete(let complete):
      guard let key = try? Shares.combine(complete), key == candidate.key else {
        throw .invalid("rekey verification failed; incorrect key shares supplied")
      }
      return candidate
    }
  }
}
