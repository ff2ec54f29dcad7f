internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SSHKeys
internal import SecretMemory
internal import StorageAPI

/// The key pair that signs.
struct Authority {
  static let damaged = StoreError.damaged("the record of the SSH authority cannot be read: restore a snapshot")

  let key: AsymmetricKey
  /// The line as it was given, or as it was made.
  let publicLine: String
  /// Where it was read; 0 for one that is not stored yet.
  let index: CommitIndex

  init(key: AsymmetricKey, publicLine: String) {
    self.key = key
    self.publicLine = publicLine
    index = 0
  }

  init(_ stored: StoredValue) throws(StoreError) {
    guard let record = try? JSONParser.parse(stored.bytes, limits: .unlimited),
      let line = record["public_key"]?.stringValue, let text = record["private_key"]?.stringValue,
      let pkcs8 = try? Base64.decode(text), let key = try? AsymmetricKey(pkcs8: SecretBytes(copying: pkcs8))
    else { throw Self.damaged }
    self.key = key
    publicLine = line
    index = stored.index
  }

  func encoded() throws(CryptographyError) -> [UInt8] {
    let text = try key.pkcs8().withBytes { Base64.encode($0) }
    return JSONText(["public_key": .string(publicLine), "private_key": .string(text)] as JSONObject).bytes
  }
}

extension SSHMount {
  static let noAuthority = EngineError.invalid("keys haven't been configured yet")

  /// Nil where none is configured.
  func storedAuthority() throws -> Authority? {
    guard let stored = try storage.get(Self.authorityKey) else {
      authority.withLock { $0 = nil }
      return nil
    }
    if let known = authority.withLock({ $0 }), known.index == stored.index { return known }
    let read = try Authority(stored)
    authority.withLock { $0 = read }
    return read
  }
}
