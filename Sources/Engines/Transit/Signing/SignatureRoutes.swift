internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives

extension TransitMount {
  private enum Own {
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
    let batch = try Batch.items(call)
    guard let key = try load(call.capture("name")) else { throw EngineError.invalid("signing key not found") }
    try checkSigning(key)
    guard let batch else {
      let input = try call[Own.input] ?? ""
      let contextText = try call[Fields.context] ?? ""
      let made = try single { () throws(Refusal) in
        let input = try Encoded.decode(input, "unable to decode input: ")
        let context = try Encoded.decode(contextText)
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
          let made = try key.sign(input, version: version, context: try Encoded.decode(item.context), options)
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
    var signature: String
    var hmac: String
    var cmac: String
    var reference: String
  }

  private func readItems(_ batch: [BatchItem]) throws -> [Item] {
    var problems = BatchProblems()
    let items = batch.map { raw in
      Item(
        input: raw.has("input") ? raw.text("input", &problems) : nil, context: raw.text("context", &problems),
        signature: raw.text("signature", &problems), hmac: raw.text("hmac", &problems),
        cmac: raw.text("cmac", &problems), reference: raw.text(Fields.reference, &problems))
    }
    try problems.check()
    return items
  }

  private func checkSigning(_ key: LoadedKey) throws {
    if !key.type.supportsSigning {
      throw EngineError.invalid("key type \(key.type.name) does not support signing")
    }
  }

  private func signatureOptions(_ call: Call) throws -> SignatureOptions {
    var options = SignatureOptions()
    options.isPrehashed = try call[Own.prehashed] ?? false
    options.padding = try call[Own.signatureAlgorithm] ?? options.padding
    options.hasSignatureContext = try !(call[Own.signatureContext] ?? "").isEmpty
    let inPath = call.capture(Own.urlAlgorithm.name)
    var name = try inPath.isEmpty ? call[Own.hash] ?? "" : inPath
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
    let marshaling = try call[Own.marshaling] ?? ""
    guard let known = SignatureOptions.Marshaling(rawValue: marshaling.isEmpty ? "asn1" : marshaling) else {
      throw EngineError.invalid("invalid marshaling type \"\(marshaling)\"")
    }
    options.marshaling = known
    options.salt = try Self.saltLength(try call[Own.salt] ?? "")
    return options
  }

  private static func saltLength(_ text: String) throws -> AsymmetricKey.SaltLength {
    switch text {
    case "", "auto", "0": return .automatic
    case "hash", "-1": return .hash
    default:
      guard let count = Int(text) else {
        throw EngineError.invalid("salt length neither 'auto', 'hash', nor an int: \(text)")
      }
      return .bytes(count)
    }
  }

  // MARK: Verifying

  private enum Proof { case signature, hmac, cmac }

  private func verify(_ call: Call) throws -> Reply {
    let batch = try Batch.items(call)
    let items: [Item]
    if let batch {
      items = try readItems(batch)
    } else {
      items = [
        Item(
          input: try call[Own.input] ?? "", context: try call[Fields.context] ?? "",
          signature: try call[Own.signature] ?? "", hmac: try call[Own.hmac] ?? "", cmac: try call[Own.cmac] ?? "",
          reference: "")
      ]
    }
    let check = try verification(call, try proof(items, isBatch: batch != nil))
    guard batch != nil else {
      let valid = try single { () throws(Refusal) in try check(items[0]) }
      return .data(["valid": .bool(valid)])
    }
    var results = BatchResults(reserving: items.count)
    for item in items {
      results.add(
        item.reference,
        failed: { writer in
          writer.name("valid")
          writer.bool(false)
        },
        { writer throws(Refusal) in
          if item.input == nil { throw Refusal("missing input") }
          let valid = try check(item)
          writer.name("valid")
          writer.bool(valid)
        })
    }
    return results.lenientReply()
  }

  /// What all the items bring to be verified.
  private func proof(_ items: [Item], isBatch: Bool) throws -> Proof {
    let signatures = items.filter { !$0.signature.isEmpty }.count
    let hmacs = items.filter { !$0.hmac.isEmpty }.count
    let cmacs = items.filter { !$0.cmac.isEmpty }.count
    if !isBatch {
      if signatures > 0 { return .signature }
      if hmacs > 0 { return .hmac }
      if cmacs > 0 { return .cmac }
    }
    let kinds = [("signature", signatures), ("hmac", hmacs), ("cmac", cmacs)].filter { $0.1 > 0 }
    guard let first = kinds.first else {
      throw EngineError.invalid(
        isBatch
          ? "no batch_input elements have 'signature', 'hmac' or 'cmac'"
          : "missing one of 'signature', 'hmac' or 'cmac' arguments to verify")
    }
    if kinds.count > 1 {
      throw EngineError.invalid("elements of batch_input must all provide either 'signature', 'hmac' or 'cmac'")
    }
    if first.1 < items.count {
      throw EngineError.invalid("some elements of batch_input are missing '\(first.0)'")
    }
    switch first.0 {
    case "signature": return .signature
    case "hmac": return .hmac
    default: return .cmac
    }
  }

  private func verification(_ call: Call, _ proof: Proof) throws -> (Item) throws(Refusal) -> Bool {
    let name = call.capture("name")
    switch proof {
    case .signature:
      let options = try signatureOptions(call)
      guard let key = try load(name) else { throw EngineError.invalid("signature verification key not found") }
      try checkSigning(key)
      return { item throws(Refusal) in
        let input = try Encoded.decode(item.input ?? "", "unable to decode input as base64: ")
        let context = try Encoded.decode(item.context)
        return try key.verify(item.signature, of: input, context: context, options)
      }
    case .hmac:
      let hash = try macHash(call)
      guard let key = try load(name) else { throw EngineError.invalid("encryption key not found") }
      return { item throws(Refusal) in
        let input = try Encoded.decode(item.input ?? "", "unable to decode input as base64: ")
        return try key.verify(hmac: item.hmac, of: input, hash)
      }
    case .cmac:
      let length = try cmacLength(call, inPath: call.capture(Own.urlAlgorithm.name))
      guard let key = try load(name) else { throw EngineError.invalid("encryption key not found") }
      return { item throws(Refusal) in
        let input = try Encoded.decode(item.input ?? "", "unable to decode input as base64: ")
        return try key.verify(cmac: item.cmac, of: input, length: length)
      }
    }
  }

  // MARK: HMAC

  private func macHash(_ call: Call) throws -> HashFunction {
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
    let batch = try Batch.items(call)
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
