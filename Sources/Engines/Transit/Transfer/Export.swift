internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory

extension TransitMount {
  private enum Kind: String {
    case encryption = "encryption-key"
    case signing = "signing-key"
    case hmac = "hmac-key"
    case cmac = "cmac-key"
    case publicKey = "public-key"
    case chain = "certificate-chain"
  }

  func export(_ call: Call) throws -> Reply {
    let kindName = call.capture(TransferFields.exportType.name)
    guard let kind = Kind(rawValue: kindName) else { throw EngineError.invalid("invalid export type: \(kindName)") }
    guard let key = try load(call.capture("name")) else { return .none }
    if kind == .cmac && !key.type.isCMAC { throw EngineError.invalid("invalid export type: \(kindName)") }
    if kind != .publicKey && kind != .chain && !key.record.isExportable {
      throw EngineError.invalid("private key material is not exportable")
    }
    switch kind {
    case .encryption where !key.type.supportsEncryption:
      throw EngineError.invalid("encryption not supported for the key")
    case .signing where !key.type.supportsSigning: throw EngineError.invalid("signing not supported for the key")
    case .chain where !key.type.supportsSigning:
      throw EngineError.invalid("certificate chain not supported for keys that do not support signing")
    case .publicKey where !key.type.isPair:
      throw EngineError.invalid("unknown key type \(key.type.name) for export type public-key")
    default: break
    }
    var keys: JSONObject = [:]
    for (number, version) in try Self.chosen(key.record, call.capture("version")) {
      keys[String(number)] = .string(try Self.text(of: version, key.type, kind))
    }
    return .data(["keys": .object(keys), "name": .string(key.name), "type": .string(key.type.name)])
  }

  /// The versions that a path names.
  static func chosen(_ record: KeyRecord, _ text: String) throws -> [(Int64, KeyVersion)] {
    if text.isEmpty { return record.usable.map { ($0.number, $0.version) } }
    let number: Int64
    if text == "latest" {
      number = record.latest
    } else {
      guard let parsed = Int64(text.hasPrefix("v") ? String(text.dropFirst()) : text) else {
        throw EngineError.invalid("invalid key version")
      }
      number = parsed
    }
    if number < record.minDecryption {
      throw EngineError.invalid("version for export is below minimum decryption version")
    }
    guard let version = record.versions[number] else {
      throw EngineError.invalid("version does not exist or cannot be found")
    }
    return [(number, version)]
  }

  /// Empty for the private part of a version of which only the public one is here.
  private static func text(of version: KeyVersion, _ type: KeyType, _ kind: Kind) throws -> String {
    switch kind {
    case .hmac:
      if type == .hmac, case .secret(let key) = version.material { return encode(key) }
      return encode(version.hmacKey)
    case .chain:
      if version.certificates.isEmpty {
        throw EngineError.invalid("selected key version does not have a certificate chain imported")
      }
      return CertificateChain.text(version.certificates)
    case .publicKey:
      let text = version.material.publicText ?? ""
      // The forms in which clients get them differ in the line feed at the end.
      return type.isRSA || text.utf8.last != 10 ? text : String(text.dropLast())
    case .encryption, .signing, .cmac:
      switch version.material {
      case .secret(let key): return encode(key)
      case .ed25519(let seed, let publicKey):
        guard let seed else { return "" }
        return encode(KeyMaterial.ed25519Whole(seed: seed, publicKey: publicKey))
      case .pair(let pkcs8, _):
        guard let pkcs8 else { return "" }
        let (label, der) = try AsymmetricKey(pkcs8: pkcs8).traditional()
        let text = der.withBytes { PEM.encode(label, Array($0)) }
        return type.isRSA ? text : String(text.dropLast())
      }
    }
  }

  private static func encode(_ secret: SecretBytes) -> String { secret.withBytes { Base64.encode($0) } }
}
