import EngineAPI
import Primitives
package import SecretMemory
internal import Shamir

/// What `sys/init` was asked for.
package struct InitializationRequest: Sendable {
  package var unseal: ShareConfiguration
  package var recovery: ShareConfiguration
  package var pgpKeys = 0
  package var recoveryPGPKeys = 0
  package var hasRootTokenPGPKey = false
  /// Development servers choose their root token.
  package var rootTokenID: String?
  /// Secrets engines that are there from the start beside the built-in ones.
  package var extraMounts: [MountEntry] = []

  package init(unseal: ShareConfiguration, recovery: ShareConfiguration) {
    self.unseal = unseal
    self.recovery = recovery
  }

  func check(against seal: SealKind) throws(EngineError) {
    func given(_ shares: ShareConfiguration, _ pgp: Int, _ prefix: String) -> [String] {
      (shares.shares != 0 ? ["\(prefix)_shares"] : []) + (shares.threshold != 0 ? ["\(prefix)_threshold"] : [])
        + (pgp > 0 ? [prefix == "recovery" ? "recovery_pgp_keys" : "pgp_keys"] : [])
    }
    let foreign =
      seal.isAutomatic ? given(unseal, pgpKeys, "secret") : given(recovery, recoveryPGPKeys, "recovery")
    if !foreign.isEmpty {
      throw .invalid("parameters \(foreign.joined(separator: ",")) not applicable to seal type \(seal.type)")
    }
    let shares = seal.isAutomatic ? recovery : unseal
    let keys = seal.isAutomatic ? recoveryPGPKeys : pgpKeys
    // An automatic seal works without a recovery key.
    let isNone = seal.isAutomatic && shares.shares == 0 && shares.threshold == 0
    if !isNone, let fault = shares.fault {
      throw .invalid("invalid \(seal.isAutomatic ? "recovery" : "seal") configuration: \(fault)")
    }
    if keys > 0 && keys != shares.shares {
      throw .invalid("incorrect number of PGP keys")
    }
    if keys > 0 || hasRootTokenPGPKey { throw .invalid("encrypting shares for PGP keys is not supported") }
  }
}

/// What the operators are given, once.
package struct InitializationResult: Sendable {
  package var rootToken: String
  package var unsealShares: [SecretBytes] = []
  package var recoveryShares: [SecretBytes] = []

  init(rootToken: String) { self.rootToken = rootToken }
}

/// Keys in shares. A single share is the key itself, as clients have always had it.
enum Shares {
  static func split(_ key: SecretBytes, _ configuration: ShareConfiguration, random: RandomSource) throws
    -> [SecretBytes]
  {
    if configuration.shares == 1 { return [key] }
    return try Shamir.split(
      key, shares: configuration.shares, threshold: configuration.threshold, random: random)
  }

  static func combine(_ shares: [SecretBytes]) throws -> SecretBytes {
    if shares.count == 1, let only = shares.first { return only }
    return try Shamir.combine(shares)
  }
}
