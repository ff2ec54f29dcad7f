internal import EngineAPI
internal import Primitives
package import SecretMemory

/// The operations on keys that are under way. They are gone when the node is sealed.
struct Ceremonies: Sendable {
  var rootGeneration: RootGeneration?
  var rekeys: [RekeyTarget: Rekey] = [:]
}

/// How the making of a root token stands.
package struct RootGenerationStatus: Sendable {
  package var nonce = ""
  package var isStarted = false
  package var progress = 0
  package var required = 0
  /// Once; empty but in the answer to the beginning.
  package var oneTimePassword = ""
  /// Set when it is done.
  package var encodedToken: String?
}

extension Node {
  package func rootGeneration(_ state: ActiveState) throws -> RootGenerationStatus {
    let required = try KeyAuthority(node: self, state: state).shares.threshold
    return ceremonies.withLock { Self.status($0.rootGeneration, required: required) }
  }

  private static func status(_ generation: RootGeneration?, required: Int) -> RootGenerationStatus {
    var status = RootGenerationStatus()
    status.required = required
    if let generation {
      status.nonce = generation.nonce
      status.isStarted = true
      status.progress = generation.progress
    }
    return status
  }

  /// - Parameter password: nil for one made here, which the status then holds.
  package func beginRootGeneration(_ state: ActiveState, password: String?) throws -> RootGenerationStatus {
    let required = try KeyAuthority(node: self, state: state).shares.threshold
    let random = composition.random
    return try ceremonies.withLock { ceremonies throws(EngineError) in
      let made = random.base62(RootGeneration.passwordLength)
      let generation = try RootGeneration(
        nonce: random.uuid(), oneTimePassword: password ?? made, threshold: required)
      if ceremonies.rootGeneration != nil { throw .invalid("root generation already in progress") }
      ceremonies.rootGeneration = generation
      log.info("the making of a root token has begun", [("nonce", generation.nonce)])
      var status = Self.status(generation, required: required)
      if password == nil { status.oneTimePassword = made }
      return status
    }
  }

  package func cancelRootGeneration() { ceremonies.withLock { $0.rootGeneration = nil } }

  /// Takes one share. With the last one needed, the token is made if the shares are the right ones.
  package func giveForRootGeneration(
    _ state: ActiveState, share: SecretBytes, nonce: String
  ) throws -> RootGenerationStatus {
    // One at a time, so that two last shares do not make two tokens.
    try ceremonies.withLock { ceremonies throws in
      guard var generation = ceremonies.rootGeneration else {
        try ShareCollection.check(share)
        throw EngineError.invalid("no root generation in progress")
      }
      let complete = try generation.give(share, nonce: nonce)
      ceremonies.rootGeneration = generation
      var status = Self.status(generation, required: generation.required)
      guard let complete else { return status }
      guard try KeyAuthority(node: self, state: state).admits(complete) else {
        log.warn("the making of a root token failed: the shares do not make the key")
        throw EngineError.invalid("root generation aborted: unable to authenticate: the shares do not make the key")
      }
      let token = try state.tokens.issueRoot(id: nil, now: composition.clock.now())
      ceremonies.rootGeneration = nil
      guard let encoded = PaddedToken.encode(token, pad: generation.oneTimePassword) else {
        throw EngineError(status: 500, messages: ["internal error"])
      }
      log.info("a root token was made", [("nonce", generation.nonce)])
      status.progress = generation.required
      status.encodedToken = encoded
      return status
    }
  }
}
