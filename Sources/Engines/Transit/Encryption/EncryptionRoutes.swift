internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives

extension TransitMount {
  enum EncryptionFields {
    static let plaintext = Field.string("plaintext", "What to encrypt, in base64.", secret: true)
    static let ciphertext = Field.string("ciphertext", "What `encrypt` answered.")
    static let associatedData = Field.string(
      "associated_data", "What is authenticated with the text but is not part of it, in base64.")
    static let decryptPadding = Field.string("decrypt_padding_scheme", "oaep or pkcs1v15, of the ciphertext given.")
    static let encryptPadding = Field.string("encrypt_padding_scheme", "oaep or pkcs1v15, of the one to make.")
    static let kind = Field.string("plaintext", "plaintext or wrapped: whether the answer has the key bare, too.")
    static let bits = Field.int("bits", "128, 256 or 512.")
  }

  private typealias Own = EncryptionFields

  static let encryptionRoutes: [Route<TransitMount>] = [
    Route(
      "encrypt/{name}", traits: .pureUpdates,
      fields: [
        Fields.name.description, Own.plaintext.description, Fields.context.description, Fields.nonce.description,
        Fields.type.description, Fields.convergent.description, Fields.keyVersion.description,
        Own.associatedData.description, Fields.paddingScheme.description, Fields.partialFailure.description,
        Fields.batch.description,
      ],
      summary: "Encrypt with a key",
      help: """
        Where there is no key of that name and the token may create, one is made: of the given type, derived where a \
        context is given.
        """,
      exists: { mount, call in try mount.exists(call.capture("name")) },
      [.update: { mount, call in try mount.encrypt(call) }]),
    Route(
      "decrypt/{name}", traits: .pureUpdates,
      fields: [
        Fields.name.description, Own.ciphertext.description, Fields.context.description, Fields.nonce.description,
        Own.associatedData.description, Fields.paddingScheme.description, Fields.partialFailure.description,
        Fields.batch.description,
      ],
      summary: "Decrypt with a key", [.update: { mount, call in try mount.decrypt(call) }]),
    Route(
      "rewrap/{name}", traits: .pureUpdates,
      fields: [
        Fields.name.description, Own.ciphertext.description, Fields.context.description, Fields.nonce.description,
        Fields.keyVersion.description, Own.decryptPadding.description, Own.encryptPadding.description,
        Fields.batch.description,
      ],
      summary: "Bring a ciphertext to another version of its key",
      [.update: { mount, call in try mount.rewrap(call) }]),
    Route(
      "datakey/{plaintext}/{name}", traits: .pureUpdates,
      fields: [
        Fields.name.description, Own.kind.description, Fields.context.description, Fields.nonce.description,
        Own.bits.description, Fields.keyVersion.description, Fields.paddingScheme.description,
      ],
      summary: "A new random key, encrypted with this one", [.update: { mount, call in try mount.dataKey(call) }]),
  ]

  /// One text to work on, whether it came alone or in a batch.
  private struct Item {
    var index = 0
    var text = ""
    var context = ""
    var nonce = ""
    var version: Int64 = 0
    var associatedData = ""
    var padding = ""
    var reference = ""

    func options(_ type: KeyType) throws(Refusal) -> EncryptionOptions {
      var options = EncryptionOptions(version: version)
      options.context = try Encoded.decode(context)
      options.nonce = try Encoded.decode(nonce)
      if !padding.isEmpty {
        options.padding = try .named(padding, type, given: "'[\(index)].\(Fields.paddingScheme.name)'")
      }
      if !associatedData.isEmpty {
        if !type.takesAssociatedData {
          throw Refusal("'[\(index)].associated_data' provided for non-AEAD cipher suite \(type.name)")
        }
        options.associatedData = try Encoded.decode(
          associatedData, "unable to get associated_data/additional_data from factory[\(index)]: ")
      }
      return options
    }
  }

  /// The items of the request's batch, or nil where it is a single one.
  private func items(_ call: Call, _ name: String, missing: String) throws -> [Item]? {
    guard let batch = try Batch.items(call) else { return nil }
    var problems = BatchProblems()
    let items = batch.map { raw in
      Item(
        index: raw.index, text: raw.required(name, missing: missing, &problems),
        context: raw.text("context", &problems), nonce: raw.text("nonce", &problems),
        version: raw.int("key_version", &problems), associatedData: raw.text("associated_data", &problems),
        padding: raw.text("padding_scheme", &problems), reference: raw.text(Fields.reference, &problems))
    }
    try problems.check()
    try Batch.checkContexts(items.map(\.context))
    return items
  }

  private func request(_ call: Call, _ field: Field<String>) throws -> Item {
    Item(
      text: try call[field] ?? "", context: try call[Fields.context] ?? "", nonce: try call[Fields.nonce] ?? "",
      version: try call[Fields.keyVersion] ?? 0, associatedData: try call[Own.associatedData] ?? "",
      padding: try call[Fields.paddingScheme] ?? "")
  }

  // MARK: Encrypting

  private func encrypt(_ call: Call) throws -> Reply {
    let batch = try items(call, Own.plaintext.name, missing: "missing plaintext to encrypt")
    if batch == nil && !call.has(Own.plaintext) { throw EngineError.invalid("missing plaintext to encrypt") }
    if let batch {
      let key = try keyForEncryption(call, hasContext: !(batch.first?.context.isEmpty ?? true))
      var results = BatchResults(reserving: batch.count)
      for item in batch {
        results.add(item.reference) { writer throws(Refusal) in try encrypt(item, with: key, into: &writer) }
      }
      return results.reply(partialFailure: try call[Fields.partialFailure])
    }
    let item = try request(call, Own.plaintext)
    try check(base64: [item.context, item.nonce])
    let key = try keyForEncryption(call, hasContext: !item.context.isEmpty)
    return try answer { writer throws(Refusal) in try encrypt(item, with: key, into: &writer) }
  }

  /// What is wrong with these fields is told before a key is made for them.
  private func check(base64 texts: [String]) throws {
    try single { () throws(Refusal) in for text in texts { _ = try Encoded.decode(text) } }
  }

  private func encrypt(_ item: Item, with key: LoadedKey, into writer: inout JSONWriter) throws(Refusal) {
    let plaintext = try Encoded.decode(item.text)
    let (ciphertext, version) = try key.encrypt(plaintext, try item.options(key.type), random: context.random)
    writer.name("ciphertext")
    writer.string(ciphertext)
    writer.name("key_version")
    writer.int(version)
  }

  private func answer(_ body: (inout JSONWriter) throws(Refusal) -> Void) throws -> Reply {
    var writer = JSONWriter()
    writer.beginObject()
    do throws(Refusal) { try body(&writer) } catch { throw EngineError.invalid(error.text) }
    writer.endObject()
    return .data(JSONText(trusted: writer.bytes))
  }

  /// The key of the request's name; made where it is missing and the token may create.
  private func keyForEncryption(_ call: Call, hasContext: Bool) throws -> LoadedKey {
    let name = call.capture("name")
    if let key = try load(name) { return key }
    guard call.operation == .create, try !upsertIsDisabled() else {
      throw EngineError.invalid("encryption key not found")
    }
    let convergent = try call[Fields.convergent] ?? false
    if convergent && !hasContext {
      throw EngineError.invalid("convergent encryption requires derivation to be enabled, so context is required")
    }
    let typeName = try call[Fields.type] ?? KeyType.aes256.rawValue
    guard let type = KeyType(rawValue: typeName), type.supportsEncryption, !type.isExtended else {
      throw EngineError.invalid("unknown key type \(typeName)")
    }
    var record = try Self.newRecord(type, derived: hasContext, convergent: convergent)
    record.append(try freshVersion(of: record, at: call.now))
    return try create(name, record).key
  }

  // MARK: Decrypting

  private func decrypt(_ call: Call) throws -> Reply {
    let batch = try items(call, Own.ciphertext.name, missing: "missing ciphertext to decrypt")
    let alone = batch == nil ? try request(call, Own.ciphertext) : nil
    if let alone, alone.text.isEmpty { throw EngineError.invalid("missing ciphertext to decrypt") }
    guard let key = try load(call.capture("name")) else { throw EngineError.invalid("encryption key not found") }
    if let alone { return try answer { writer throws(Refusal) in try decrypt(alone, with: key, into: &writer) } }
    let items = batch ?? []
    var results = BatchResults(reserving: items.count)
    for item in items {
      results.add(
        item.reference,
        failed: { writer in
          writer.name("plaintext")
          writer.string("")
        },
        { writer throws(Refusal) in try decrypt(item, with: key, into: &writer) })
    }
    return results.reply(partialFailure: try call[Fields.partialFailure])
  }

  private func decrypt(_ item: Item, with key: LoadedKey, into writer: inout JSONWriter) throws(Refusal) {
    if item.text.isEmpty { throw Refusal("missing ciphertext to decrypt") }
    let plaintext = try key.decrypt(item.text, try item.options(key.type))
    writer.name("plaintext")
    writer.string(Base64.encode(plaintext))
  }
}
