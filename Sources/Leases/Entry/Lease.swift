internal import EngineAPI
package import JSONText
package import Primitives

/// A secret that was given out and must be given back.
package struct Lease: Sendable, Equatable {
  /// The work of giving it back, once that has begun.
  package struct Ending: Sendable, Equatable {
    /// When it is tried next; nil where it was tried often enough and waits for an operator.
    package var due: Timestamp?
    package var attempts = 0
    /// Why the last attempt failed; empty before the first one did.
    package var failure = ""
  }

  /// `<path of the request that made it>/<24 letters and digits>`.
  package let id: String
  /// Of the mount whose engine made the secret.
  package var mountAccessor: String
  package var kind: String
  package var data: JSONObject
  package var issued: Timestamp
  package var expires: Timestamp
  package var lastRenewal: Timestamp?
  /// The length of life granted last.
  package var ttl: TimeSpan
  /// What the engine allows, from `issued` on; zero leaves that to the mount.
  package var maxTTL: TimeSpan
  package var renewable: Bool
  /// The token that the lease ends with; empty where there is none.
  package var holder: String
  /// When a batch token ends, which nothing outlives that was made with it.
  package var holderEnd: Timestamp?
  package var ending: Ending?

  /// What tells the lease from all others.
  var name: String { Self.name(id) }

  static func name(_ id: String) -> String {
    guard let slash = id.lastIndex(of: "/") else { return id }
    return String(id[id.index(after: slash)...])
  }

  /// When something has to be done about it; nil for never.
  var due: Timestamp? { ending.map(\.due) ?? expires }
  package var isIrrevocable: Bool { ending.map { $0.due == nil } ?? false }

  /// False from the end of its time, or from the moment its revocation was asked for.
  package func lives(_ now: Timestamp) -> Bool { ending == nil && now < expires }

  /// What its engine is asked to renew or revoke.
  var request: LeaseRequest {
    var request = LeaseRequest(kind: kind, internalData: data, ttl: ttl, maxTTL: maxTTL, renewable: renewable)
    request.issued = issued
    return request
  }
}

/// What clients are shown of a lease, be it an engine's or a token.
package struct LeaseFace: Sendable, Equatable {
  package var id: String
  package var issued: Timestamp
  package var expires: Timestamp
  package var lastRenewal: Timestamp?
  package var renewable: Bool

  /// The `data` of a lookup.
  package func lookupObject(now: Timestamp) -> JSONObject {
    [
      "expire_time": .string(expires.rfc3339), "id": .string(id), "issue_time": .string(issued.rfc3339),
      "last_renewal": lastRenewal.map { .string($0.rfc3339) } ?? .null, "renewable": .bool(renewable),
      "ttl": .int(max(0, (expires - now).seconds)),
    ]
  }
}
