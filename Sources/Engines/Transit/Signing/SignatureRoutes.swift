internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives

extension TransitMount {
  enum SignatureFields {
    static let input = Field.string("input", "What to sign or verify, in base64.")
    static let hash = Field.string(
      "hash_algorithm", "sha1, sha2-224, sha2-256, sha2-384, sha2-512, sha3-224 to sha3-512 or none.")
    static let algorithm = Field.string("algorithm", "The hash of an HMAC.")
    static let urlAlgorithm = Field.string("urlalgorithm", "The hash, in the path.")
    static let signatureAlgorithm = Field.string("signature_algorithm", "pss or pkcs1v15, for RSA keys.")
    static let marshaling = Field.string("marshaling_algorithm", "asn1 or jws.")
    static let salt = Field.string("salt_length", "auto, hash or a number of bytes, for pss.")
    static let prehashed = Field.bool("prehashed", "Whether the input is a digest.")
    static let signatureContext = Field.string("signature_context", "Of variants of Ed25519 that are not there.")
    static let signature = Field.string("signature", "What `sign` answered.")
    static let hmac = Field.string("hmac", "What `hmac` answered.")
    static let cmac = Field.string("cmac", "What `cmac` answered.")
  }

  private typealias Own = SignatureFields

  private static let signFields = [
    Fields.name.description, Own.urlAlgorithm.description, Own.input.description, Fields.context.description,
    Own.hash.description, Own.algorithm.description, Fields.keyVersion.description, Own.prehashed.description,
    Own.signatureAlgorithm.description, Own.marshaling.description, Own.salt.description,
    Own.signatureContext.description, Fields.batch.description,
  ]
  private static let verifyFields = [
    Fields.name.description, Own.urlAlgorithm.description, Own.input.description, Own.signature.description,
    Own.hmac.description, Own.cmac.description, Fields.context.description, Own.hash.description,
    Own.algorithm.description, Own.prehashed.description, Own.signatureAlgorithm.description,
    Own.marshaling.description, Own.salt.description, Own.signatureContext.description,
    CMACFields.length.description, Fields.batch.description,
  ]
  private static let hmacFields = [
    Fields.name.description, Own.urlAlgorithm.description, Own.input.description, Own.algorithm.description,
    Fields.keyVersion.description, Fields.batch.description,
  ]

  static let signatureRoutes: [Route<TransitMount>] = ["", "/{urlalgorithm}"].flatMap { tail in
    [
      Route(
        PathPattern(stringLiteral: "sign/{name}" + tail), traits: .pureUpdates, fields: signFields,
        summary: "Sign with a key",
        [.update: { mount, call in try mount.sign(call) }]),
      Route(
        PathPattern(stringLiteral: "verify/{name}" + tail), traits: .pureUpdates, fields: verifyFields,
        summary: "Verify a signature or an HMAC", [.update: { mount, call in try mount.verify(call) }]),
      Route(
        PathPattern(stringLiteral: "hmac/{name}" + tail), traits: .pureUpdates, fields: hmacFields,
        summary: "An HMAC with a key",
        [.update: { mount, call in try mount.authenticate(call) }]),
    ]
  }

  // MARK: Signing

  private func sign(_ call: Call) throws -> Reply {
    let options = try signatureOptions(call)
    let version = try call[Fields.keyVersion] ?? 0
    let batch = try Batch.items(call, takingNumbers: true)
    guard let key = try load(call.capture("name")) else { throw EngineError.invalid("signing key not found") }
    try checkSigning(key)
    guard let batch else {
      let input = try call[Own.input] ?? ""
      let contextText = try call[Fields.context] ?? ""
      let made = try single { () throws(Refusal) in
        let input = try Encoded.decode(input, "unable to decode input: ")
        let context = try Encoded.decode(contextText, named: Fields.context.name)
        return try key.sign(input, version: version, context: context, options)
      }
      var data: JSONObject = ["signature": .string(made.signature), "key_version": .int(made.version)]
      if let publicKey = made.publicKey { data["public_key"] = .string(Base64.encode(publicKey)) }
      return .data(data)
    }
    let items = try readItems(batch)
    var results = BatchResults(reserving: items.count)
    for item in items {
      results.add(
        item.reference,
        failed: { writer in
          writer.name("key_version")
          writer.int(0)
        },
        { writer throws(Refusal) in
          guard let text = item.input else { throw Refusal("missing input") }
          let input = try Encoded.decode(text, "unable to decode input: ")
          let context = try Encoded.decode(item.context, named: Fields.context.name)
          let made = try key.sign(input, version: version, context: context, options)
          writer.name("signature")
          writer.string(made.signature)
          writer.name("key_version")
          writer.int(made.version)
          if let publicKey = made.publicKey {
            writer.name("publickey")
            writer.string(Base64.encode(publicKey))
          }
        })
    }
    return results.lenientReply()
  }

  private struct Item {
    /// Nil where the item has none.
    var input: String?
    var context: String
    var reference: String
  }

  private func readItems(_ batch: [BatchItem]) throws -> [Item] {
    var problems = BatchProblems()
    let items = batch.map { raw in
      Item(
        input: raw.has("input") ? raw.text("input", &problems) : nil, context: raw.text("context", &problems),
        reference: raw.text(Fields.reference, &problems))
    }
    try problems.check()
    return items
  }

  func checkSigning(_ key: LoadedKey) throws {
    if !key.type.supportsSigning {
      throw EngineError.invalid("key type \(key.type.name) does not support signing")
    }
  }

  func signatureOptions(_ call: Call) throws -> SignatureOptions {
    var options = SignatureOptions()
    options.isPrehashed = try call[Own.prehashed] ?? false
    options.padding = try call[Own.signatureAlgorithm] ?? options.padding
    options.hasSignatureContext = try !(call[Own.signatureContext] ?? "").isEmpty
    var name = call.capture(Own.urlAlgorithm.name)
    // The old field counts only where the new one is there and empty.
    if name.isEmpty { name = try call[Own.hash] ?? HashFunction.sha256.rawValue }
    if name.isEmpty { name = try call[Own.algorithm] ?? "" }
    if name.isEmpty { name = HashFunction.sha256.rawValue }
    if name == "none" {
      guard options.isPrehashed, options.padding == "pkcs1v15" else {
        throw EngineError.invalid("hash_algorithm=none requires both prehashed=true and signature_algorithm=pkcs1v15")
      }
      options.hash = nil
    } else {
      guard let hash = HashFunction(rawValue: name) else {
        throw EngineError.invalid("invalid hash algorithm \"\(name)\"")
      }
      options.hash = hash
    }
    let marshaling = try call[Own.marshaling] ?? SignatureOptions.Marshaling.asn1.rawValue
    guard let known = SignatureOptions.Marshaling(rawValue: marshaling) else {
      throw EngineError.invalid("invalid marshaling type \"\(marshaling)\"")
    }
    options.marshaling = known
    options.salt = try Self.saltLength(try call[Own.salt] ?? "auto")
    return options
  }

  private static func saltLength(_ text: String) throws -> AsymmetricKey.SaltLength {
    switch text.lowercased() {
    case "auto", "0": return .automatic
    case "hash", "-1": return .hash
    default:
      guard let count = Int(text) else {
        throw EngineError.invalid("salt length neither 'auto', 'hash', nor an int: \(text)")
      }
      if count < 0 { throw EngineError.invalid("salt length is invalid: \(count)") }
      return .bytes(count)
    }
  }

  // MARK: HMAC

  func macHash(_ call: Call) throws -> HashFunction {
    var name = call.capture(Own.urlAlgorithm.name)
    if name.isEmpty { name = try call[Own.hash] ?? "" }
    if name.isEmpty { name = try call[Own.algorithm] ?? "" }
    if name.isEmpty { return .sha256 }
    guard let hash = HashFunction(rawValue: name) else {
      // The odd end is what clients know.
      throw EngineError.invalid("unsupported algorithm '\\x00'")
    }
    return hash
  }

  private func authenticate(_ call: Call) throws -> Reply {
    let hash = try macHash(call)
    let version = try call[Fields.keyVersion] ?? 0
    let batch = try Batch.items(call, takingNumbers: true)
    if batch == nil && !call.has(Own.input) { throw EngineError.invalid("missing input for HMAC") }
    guard let key = try load(call.capture("name")) else { throw EngineError.invalid("encryption key not found") }
    func made(_ text: String) throws(Refusal) -> String {
      let input = try Encoded.decode(text, "unable to decode input as base64: ")
      return try key.authenticate(input, version: version, hash)
    }
    guard let batch else {
      let text = try call[Own.input] ?? ""
      return .data(["hmac": .string(try single { () throws(Refusal) in try made(text) })])
    }
    let items = try readItems(batch)
    var results = BatchResults(reserving: items.count)
    for item in items {
      results.add(item.reference) { writer throws(Refusal) in
        guard let input = item.input else { throw Refusal("missing input for HMAC") }
        let code = try made(input)
        writer.name("hmac")
        writer.string(code)
      }
    }
    return results.lenientReply()
  }
}
