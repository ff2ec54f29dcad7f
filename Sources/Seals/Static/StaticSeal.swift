internal import Cryptography
package import Primitives
package import SealAPI
package import SecretMemory

/// Wraps the root key with a key that the machine's own keeping gives at each start: a file, a variable of the
/// environment.
///
/// Two keys may be configured, so that the key can be changed: a root key under the previous one still opens, and
/// `isRewrapDue` says that it should be wrapped again.
package struct StaticSeal: Seal {
  /// The parameters of `seal "static"`, as written in the configuration.
  package struct Configuration: Sendable, Equatable {
    package var currentKeyID: String
    package var currentKey: String
    package var previousKeyID: String
    package var previousKey: String

    package init(currentKeyID: String, currentKey: String, previousKeyID: String = "", previousKey: String = "") {
      self.currentKeyID = currentKeyID
      self.currentKey = currentKey
      self.previousKeyID = previousKeyID
      self.previousKey = previousKey
    }
  }

  private struct Key: Sendable {
    let id: String
    let wrapping: WrappingKey
    var purpose: String { "seal/static/" + id }
  }

  private let current: Key
  private let previous: Key?
  private let random: RandomSource

  /// Reads the keys now; a key file that comes or changes later is not looked at. Throws `.refused` with words for the
  /// operator.
  package init(
    _ configuration: Configuration, random: RandomSource,
    environment: @escaping @Sendable (String) -> String? = variable(named:)
  ) throws(SealError) {
    guard !configuration.currentKeyID.isEmpty else { throw .refused("current_key_id must be set") }
    guard !configuration.currentKey.isEmpty else { throw .refused("current_key must be set") }
    guard configuration.previousKeyID.isEmpty == configuration.previousKey.isEmpty else {
      throw .refused("previous_key and previous_key_id must be set together")
    }
    guard configuration.previousKeyID != configuration.currentKeyID else {
      throw .refused("previous_key_id must differ from current_key_id")
    }
    self.random = random
    let source = KeySource(environment: environment)
    current = Key(
      id: configuration.currentKeyID,
      wrapping: try source.wrappingKey(configuration.currentKey, parameter: "current_key"))
    if configuration.previousKeyID.isEmpty {
      previous = nil
    } else {
      previous = Key(
        id: configuration.previousKeyID,
        wrapping: try source.wrappingKey(configuration.previousKey, parameter: "previous_key"))
    }
  }

  package var type: String { "static" }
  package var isAuto: Bool { true }

  package func wrap(_ key: SecretBytes) throws(SealError) -> SealedKey {
    do throws(CryptographyError) {
      let ciphertext = try current.wrapping.wrap(key, purpose: current.purpose, random: random)
      return SealedKey(ciphertext: ciphertext, keyID: current.id)
    } catch {
      throw .unavailable("the cryptographic library could not seal the key")
    }
  }

  package func unwrap(_ sealed: SealedKey) throws(SealError) -> SecretBytes {
    guard let key = [current, previous].lazy.compactMap({ $0 }).first(where: { $0.id == sealed.keyID }) else {
      throw .refused(
        "the root key is sealed with the key \"\(sealed.keyID)\", which is neither current_key_id nor previous_key_id")
    }
    do throws(CryptographyError) {
      return try key.wrapping.unwrap(sealed.ciphertext, purpose: key.purpose)
    } catch {
      throw .refused("the key configured as \"\(key.id)\" is not the one that the root key was sealed with")
    }
  }

  package func isRewrapDue(_ sealed: SealedKey) -> Bool { sealed.keyID != current.id }
}
