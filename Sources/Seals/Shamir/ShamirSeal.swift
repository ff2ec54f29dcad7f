internal import Cryptography
package import Primitives
package import SealAPI
package import SecretMemory
internal import Shamir

/// Wraps the root key with a key that exists only as shares in people's hands.
///
/// The key is held from `use` until `forget`: nothing can be wrapped or unwrapped before.
package struct ShamirSeal: Seal {
  private let key: Locked<SecretBytes?>
  private let random: RandomSource

  package init(random: RandomSource) {
    key = Locked(nil)
    self.random = random
  }

  package var type: String { "shamir" }
  package var isAuto: Bool { false }

  /// Takes the key that the shares were of. Whether it is the right one shows when it unwraps.
  package func use(_ key: SecretBytes) { self.key.withLock { $0 = key } }

  /// Puts shares together and takes the key that they are of.
  package func use(shares: [SecretBytes]) throws(SealError) {
    do throws(ShamirError) {
      use(try Shamir.combine(shares))
    } catch {
      switch error {
      case .noShares: throw .refused("no shares were given")
      case .repeatedShare: throw .refused("two of the shares are for the same point")
      default: throw .refused("the shares do not belong together")
      }
    }
  }

  package func forget() { key.withLock { $0 = nil } }

  package func wrap(_ key: SecretBytes) throws(SealError) -> SealedKey {
    let wrapping = try wrappingKey
    do throws(CryptographyError) {
      return SealedKey(ciphertext: try wrapping.wrap(key, purpose: Self.purpose, random: random), keyID: "shamir")
    } catch {
      throw .unavailable("the cryptographic library could not seal the key")
    }
  }

  package func unwrap(_ sealed: SealedKey) throws(SealError) -> SecretBytes {
    guard sealed.keyID == "shamir" else { throw .damaged }
    let wrapping = try wrappingKey
    do throws(CryptographyError) {
      return try wrapping.unwrap(sealed.ciphertext, purpose: Self.purpose)
    } catch {
      throw Self.notOpened
    }
  }

  private var wrappingKey: WrappingKey {
    get throws(SealError) {
      guard let key = key.withLock({ $0 }) else { throw .unavailable("not enough shares were given yet") }
      do throws(CryptographyError) {
        return try WrappingKey(key)
      } catch {
        throw Self.notOpened
      }
    }
  }

  private static let purpose = "seal/shamir"
  /// The words that operators know for shares that give another key.
  private static let notOpened = SealError.refused("cipher: message authentication failed")
}
