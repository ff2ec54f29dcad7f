package import AccessPolicy
package import EngineAPI
package import Primitives

/// A request that was answered with 403, for whoever is asked why. It holds names, never a value of the request.
package struct Denial: Sendable {
  package enum Cause: Sendable, Equatable {
    case noToken
    /// Never was, or has expired.
    case unknownToken
    /// The token is bound to other addresses.
    case wrongAddress
    /// The token's entity is disabled or gone.
    case entityUnusable
    case policies(Refusal)
    case missingSudo
    /// No policy can allow such a request, as with HEAD.
    case operation
    /// The engine refused what policies had let through.
    case engine
  }

  package let id: String
  package let time: Timestamp
  package let operation: Operation
  package let path: String
  package let remoteAddress: String
  package let cause: Cause
  /// The mount's engine wants `sudo` there.
  package let needsSudo: Bool
  package let wrapTTL: TimeSpan?
  /// Empty where no token was recognised, as are the next ones.
  package let displayName: String
  package let accessor: String
  package let entityID: String
  package let policies: [String]
  /// How often policies had been changed by then.
  package let policyGeneration: UInt64

  package var isOfKnownCaller: Bool {
    switch cause {
    case .noToken, .unknownToken: false
    default: true
    }
  }
}

extension Denial.Cause {
  package var description: String {
    switch self {
    case .noToken: "the request had no token"
    case .unknownToken: "the token is not known: it never was, has expired, or was revoked"
    case .wrongAddress: "the token may not be used from that address"
    case .entityUnusable: "the token's entity is disabled or was deleted"
    case .policies(let refusal): refusal.description
    case .missingSudo: "the path is protected, and the rule that decides does not grant \"sudo\""
    case .operation: "no policy can allow this operation"
    case .engine: "the policies allowed the request, and the engine refused it"
    }
  }
}
