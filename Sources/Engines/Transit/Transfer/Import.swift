internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory
internal import StorageAPI

extension TransitMount {
  private typealias Own = TransferFields

  // MARK: The wrapping key

  private static let wrappingKeyName = "wrapping-key"
  private static let wrappingKeyBits = 4096

  /// Made when it is asked for first; the same one ever after.
  private func wrappingKey() throws -> AsymmetricKey {
    if let stored = try storage.get(Self.wrappingKeyName) {
      return try AsymmetricKey(pkcs8: SecretBytes(copying: stored.bytes))
    }
    let fresh = try AsymmetricKey.generate(.rsa(bits: Self.wrappingKeyBits))
    let bytes = try fresh.pkcs8().withBytes { Array($0) }
    let kept = try storage.transaction { transaction in
      if let present = try transaction.get(Self.wrappingKeyName) { return present }
      transaction.put(Self.wrappingKeyName, bytes)
      return bytes
    }
    return try AsymmetricKey(pkcs8: SecretBytes(copying: kept))
  }

  func showWrappingKey() throws -> Reply {
    .data(["public_key": .string(PEM.encode("PUBLIC KEY", try wrappingKey().subjectPublicKeyInfo()))])
  }

  private static let defaultHash = "SHA256"

  private static func oaepHash(_ text: String) throws -> HashFunction {
    switch text.uppercased() {
    case "SHA1": return .sha1
    case "SHA224": return .sha224
    case "SHA256": return .sha256
    case "SHA384": return .sha384
    case "SHA512": return .sha512
    default: throw EngineError.invalid("unknown hash function: \(text)")
    }
  }

  // MARK: Importing

  func importKey(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    if call.has(Fields.convergent) {
      throw EngineError.invalid("import cannot be used on keys with convergent encryption enabled")
    }
    // Any length will do here, unlike for keys that are made.
    let period = try call[Fields.rotationPeriod] ?? .zero
    if try period > .zero && call[Own.allowRotation] != true {
      throw EngineError.list(status: 400, ["allow_rotation must be set to true if auto-rotation is enabled"])
    }
    let givenType = try call[Fields.type] ?? KeyType.aes256.rawValue
    let typeName = givenType.lowercased()
    guard KeyType(rawValue: typeName)?.isExtended == false || hasExtendedTypes else {
      throw EngineError.invalid("unknown key type: \(givenType)")
    }
    let type = try KeyType.named(
      typeName, parameterSet: try call[Fields.parameterSet] ?? "", extended: hasExtendedTypes)
    if try exists(name) { throw Self.alreadyThere }
    let material = try importedMaterial(call, type, context: "error importing key: ")
    var size = 0
    if type == .hmac, case .secret(let key) = material { size = key.count }
    var record = try Self.newRecord(type, derived: try call[Fields.derived] ?? false, convergent: false, size: size)
    record.isExportable = try call[Fields.exportable] ?? false
    record.allowsPlaintextBackup = try call[Fields.plaintextBackup] ?? false
    record.allowsRotationWhenImported = try call[Own.allowRotation] ?? false
    record.rotationPeriod = period
    record.isImported = true
    record.append(importedVersion(material, at: call.now))
    if try !create(name, record).isNew { throw Self.alreadyThere }
    return .none
  }

  private static let alreadyThere = EngineError.invalid(
    "the import path cannot be used with an existing key; use import-version to rotate an existing imported key")

  private func importedVersion(_ material: KeyMaterial, at now: Timestamp) -> KeyVersion {
    KeyVersion(created: now, hmacKey: context.random.secret(KeyVersion.hmacKeyBytes), material: material)
  }

  func importVersion(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard let key = try load(name) else { throw Self.noKey(name) }
    if !key.record.isImported { throw Self.notImported }
    let version = try call[Own.numberedVersion] ?? 0
    if version != 0 {
      try importPrivatePart(call, key, version)
      return .none
    }
    let material = try importedMaterial(call, key.type, context: "error importing key: ")
    let fresh = importedVersion(material, at: call.now)
    let changed = try change(name) { record in
      if !record.isImported || record.type != key.type { throw Self.notImported }
      record.append(fresh)
      if record.type == .hmac, case .secret(let key) = material { record.keySize = key.count }
    }
    if changed == nil { throw Self.noKey(name) }
    return .none
  }

  private static func noKey(_ name: String) -> EngineError {
    .invalid("no key found with name \(name); to import a new key, use the import/ endpoint")
  }
  private static let notImported = EngineError.invalid(
    "the import_version endpoint can only be used with an imported key")

  /// Adds the private part to a version of which the public one is there.
  private func importPrivatePart(_ call: Call, _ key: LoadedKey, _ number: Int64) throws {
    func check(_ record: KeyRecord) throws -> KeyVersion {
      guard let version = record.versions[number] else { throw EngineError.invalid("no such key version") }
      if version.material.hasPrivatePart {
        throw EngineError.invalid("private key imported, key version cannot be updated")
      }
      return version
    }
    _ = try check(key.record)
    let pair = try parsedPrivateKey(try unwrapped(call), context: "")
    let present = try single { () throws(Refusal) in try key.pair(number) }
    if pair.kind != present.kind && key.type == .ed25519 {
      throw EngineError.invalid("failed to parse key entry public key: invalid PEM blob")
    }
    guard pair.hasSamePublicPart(as: present) else {
      throw EngineError.invalid("cannot import key, key does not match the public key of the version")
    }
    let material = try KeyMaterial(pair)
    let changed = try change(key.name) { record in
      var version = try check(record)
      guard version.material.publicText == material.publicText else { throw Self.noKey(key.name) }
      version.material = material
      record.versions[number] = version
    }
    if changed == nil { throw Self.noKey(key.name) }
  }

  private func importedMaterial(_ call: Call, _ type: KeyType, context: String) throws -> KeyMaterial {
    if !call.has(Own.ciphertext) {
      guard type.isPair else { throw EngineError.invalid("provided type does not support public_key import") }
      guard let block = PEM.first(in: try call[Own.publicKey] ?? "") else {
        throw EngineError.invalid(context + "error parsing public key: not in PEM format")
      }
      guard let pair = try? AsymmetricKey(subjectPublicKeyInfo: block.bytes) else {
        throw EngineError.invalid(context + "error parsing public key: not a public key of a known kind")
      }
      try check(pair, type, "PublicKey", context: context)
      return try KeyMaterial(pair)
    }
    let target = try unwrapped(call)
    switch type.family {
    case .cipher(_, let count), .cmac(let count):
      guard target.count == count else { throw Self.wrongSize(target, type, context: context) }
      return .secret(target)
    case .hmac:
      guard (32...512).contains(target.count) else { throw Self.wrongSize(target, type, context: context) }
      return .secret(target)
    case .pair:
      let pair = try parsedPrivateKey(target, context: context)
      try check(pair, type, "PrivateKey", context: context)
      return try KeyMaterial(pair)
    }
  }

  private static func wrongSize(_ target: SecretBytes, _ type: KeyType, context: String) -> EngineError {
    .invalid("\(context)invalid key size \(target.count) bytes for key type \(type.name)")
  }

  /// The key in the blob that the request carries.
  private func unwrapped(_ call: Call) throws -> SecretBytes {
    let hash = try Self.oaepHash(try call[Own.hashFunction] ?? Self.defaultHash)
    let text = try call[Own.ciphertext] ?? ""
    let blob = try single { () throws(Refusal) in try Encoded.decode(text) }
    let count = Self.wrappingKeyBits / 8
    guard blob.count > count else { throw EngineError.invalid("provided ciphertext is too short") }
    let ephemeral: SecretBytes
    let wrapping = try wrappingKey()
    do { ephemeral = try wrapping.decrypt(Array(blob[..<count]), .oaep(hash)) } catch {
      throw EngineError.invalid("crypto/rsa: decryption error")
    }
    do { return try PaddedKeyWrap.unwrap(Array(blob[count...]), under: ephemeral) } catch {
      throw EngineError.invalid("the wrapped key does not fit the ephemeral key")
    }
  }

  private func parsedPrivateKey(_ der: SecretBytes, context: String) throws -> AsymmetricKey {
    do throws(CryptographyError) { return try AsymmetricKey(pkcs8: der) } catch {
      throw EngineError.invalid("\(context)error parsing asymmetric key: asn1: \(Self.reason(der))")
    }
  }

  /// Why the bytes are no PKCS #8, as far as their beginning tells.
  private static func reason(_ der: SecretBytes) -> String {
    let head = der.withBytes { Array($0.prefix(6)) }
    guard head.count > 1 else { return "syntax error: data truncated" }
    let isLong = head[1] > 0x83
    return isLong ? "structure error: length too large" : "structure error: tags don't match"
  }

  private func check(_ pair: AsymmetricKey, _ type: KeyType, _ part: String, context: String) throws {
    guard case .pair(let wanted) = type.family, pair.kind != wanted else { return }
    switch (wanted, pair.kind) {
    case (.ecdsa(let wanted), .ecdsa(let given)):
      throw EngineError.invalid("\(context)invalid curve: expected \(wanted.rawValue), got \(given.rawValue)")
    case (.rsa(let wanted), .rsa(let given)):
      throw EngineError.invalid(
        "\(context)invalid key size: expected \(wanted / 8) bytes, got \((given + 7) / 8) bytes")
    default:
      let given =
        switch pair.kind {
        case .ed25519: "ed25519."
        case .ecdsa: "*ecdsa."
        case .rsa: "*rsa."
        case .mlDSA(let parameters): parameters.rawValue + "."
        case .mlKEM(let parameters): parameters.rawValue + "."
        }
      throw EngineError.invalid("\(context)invalid key type: expected \(type.name), got \(given)\(part)")
    }
  }

  // MARK: Handing on

  func wrapForExport(_ call: Call) throws -> Reply {
    let hash = try Self.oaepHash(try call[Own.hash] ?? Self.defaultHash)
    guard let destination = try load(call.capture(Own.destination.name)) else {
      throw EngineError.invalid("no such destination key to export to")
    }
    guard let source = try load(call.capture(Own.source.name)) else {
      throw EngineError.invalid("no such source key for export")
    }
    if !source.record.isExportable { throw EngineError.invalid("key is not exportable") }
    let versions = try Self.chosen(source.record, call.capture("version"))
    guard destination.type.isRSA else {
      throw EngineError.invalid("message signing not supported for key type \(destination.type.name)")
    }
    let wrapping = try single { () throws(Refusal) in try destination.pair(destination.record.latest) }
    var keys: JSONObject = [:]
    for (number, version) in versions {
      let target: SecretBytes
      if case .secret(let key) = version.material {
        target = key
      } else {
        guard version.material.hasPrivatePart, let pair = try version.material.asymmetricKey() else {
          throw EngineError.invalid("the key version has no private part to export")
        }
        target = try pair.pkcs8()
      }
      let ephemeral = context.random.secret(32)
      let blob = try wrapping.encrypt(ephemeral, .oaep(hash)) + PaddedKeyWrap.wrap(target, under: ephemeral)
      keys[String(number)] = .string(Base64.encode(blob))
    }
    return .data(["keys": .object(keys), "name": .string(source.name), "type": .string(source.type.name)])
  }
}
