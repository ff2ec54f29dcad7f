internal import Cryptography
internal import JOSE
internal import JSONText
internal import Primitives
internal import SecretMemory
internal import StorageAPI

/// The public key that wrapping tokens in the form of a JWT are signed with, as coordinates in decimal.
package struct WrappingPublicKey: Sendable, Equatable {
  package var x: String
  package var y: String
  package static let curve = "p521"
}

/// Puts tokens into the form of a JWT (RFC 7519), signed by ES512 (RFC 7518, section 3.4) with a key of this server's
/// own, and reads them out of it again.
final class TokenSigner: Sendable {
  private let store: any LogicalStore
  /// What `addr` says: where the token can be used.
  private let address: String
  private let known = Locked<AsymmetricKey?>(nil)

  init(store: any LogicalStore, address: String) {
    self.store = store
    self.address = address
  }

  func sign(_ token: String, of entry: TokenEntry) throws -> String {
    let end = entry.expireTime ?? entry.creationTime
    let claims: JSONObject = [
      "accessor": .string(entry.accessor), "addr": .string(address), "exp": .int(end.seconds),
      "iat": .int(entry.creationTime.seconds), "jti": .string(token),
      // Clocks of receivers may be behind.
      "nbf": .int(entry.creationTime.seconds - 5), "type": "wrapping",
    ]
    return try SignedToken.sign(claims, header: Self.header, algorithm: .es512, key: try key())
  }

  /// The token inside a JWT of this server; any other text is a token itself.
  func token(_ text: String) throws -> String {
    guard text.hasPrefix("eyJ"), let signed = SignedToken(text), let token = signed.claims["jti"]?.stringValue else {
      return text
    }
    return signed.isSigned(by: try key(), algorithm: .es512) ? token : text
  }

  func publicKey() throws -> WrappingPublicKey {
    let numbers = try key().ecdsaNumbers()
    return WrappingPublicKey(x: numbers.x, y: numbers.y)
  }

  private static let header: JSONObject = ["typ": "JWT"]

  // MARK: The key

  private static let path = "core/wrapping-key"

  /// Made when it is first needed.
  private func key() throws -> AsymmetricKey {
    if let key = known.withLock({ $0 }) { return key }
    let key = try readKey()
    known.withLock { $0 = key }
    return key
  }

  private func readKey() throws -> AsymmetricKey {
    while true {
      if let stored = try store.get(Self.path) {
        do { return try AsymmetricKey(pkcs8: SecretBytes(copying: stored.bytes)) } catch {
          throw StoreError.damaged("the key of wrapping tokens cannot be read; restore it from a snapshot")
        }
      }
      let key = try AsymmetricKey.generate(.ecdsa(.p521))
      var batch = WriteBatch()
      batch.put(Self.path, try key.pkcs8().withBytes { Array($0) })
      batch.preconditions = [.absent(key: Self.path)]
      do throws(StoreError) { _ = try store.commit(batch) } catch { if error != .conflict { throw error } }
    }
  }
}
