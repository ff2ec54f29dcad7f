package import SecretMemory

/// What keeps the root key while the server is down: it wraps the key, and gives it back to those who may have it.
package protocol Seal: Sendable {
  /// The name in configuration and in answers: "shamir", "static".
  var type: String { get }

  /// Opens without anybody's help, so that a start unseals by itself and the shares of an operator are recovery shares.
  var isAuto: Bool { get }

  func wrap(_ key: SecretBytes) throws(SealError) -> SealedKey
  func unwrap(_ sealed: SealedKey) throws(SealError) -> SecretBytes

  /// The key was wrapped with something older than what `wrap` would use now: wrap and store it again.
  func isRewrapDue(_ sealed: SealedKey) -> Bool
}

extension Seal {
  package func isRewrapDue(_ sealed: SealedKey) -> Bool { false }
}

/// Why a seal did not do what it was asked. Texts are for operators and carry no secrets.
package enum SealError: Error, Sendable, Equatable {
  /// Not now: no key was given yet, or what holds it cannot be reached.
  case unavailable(String)
  /// The key or the configuration is not the right one.
  case refused(String)
  /// What is to be unwrapped was not made by a seal of this type.
  case damaged
}
