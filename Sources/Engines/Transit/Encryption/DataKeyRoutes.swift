internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives

extension TransitMount {
  private typealias Own = EncryptionFields

  /// A random key, which is not kept, encrypted and perhaps bare.
  func dataKey(_ call: Call) throws -> Reply {
    var options = EncryptionOptions(version: try call[Fields.keyVersion] ?? 0)
    options.context = try call.bytes(Fields.context)
    options.nonce = try call.bytes(Fields.nonce)
    let bits = try call[Own.bits] ?? 256
    guard [128, 256, 512].contains(bits) else { throw EngineError.invalid("invalid bit length") }
    let kind = call.capture(Own.kind.name)
    guard kind == "plaintext" || kind == "wrapped" else {
      throw EngineError.invalid("Invalid path, must be 'plaintext' or 'wrapped'")
    }
    guard let key = try load(call.capture("name")) else { throw EngineError.invalid("encryption key not found") }
    if let padding = try call[Fields.paddingScheme] {
      options.padding = try single { () throws(Refusal) in
        try .named(padding, key.type, given: "padding_scheme argument")
      }
    }
    let fresh = context.random.bytes(Int(bits) / 8)
    let (ciphertext, version) = try single { () throws(Refusal) in
      try key.encrypt(fresh, options, random: context.random)
    }
    var data: JSONObject = ["ciphertext": .string(ciphertext), "key_version": .int(version)]
    if kind == "plaintext" { data["plaintext"] = .string(Base64.encode(fresh)) }
    return .data(data)
  }
}
