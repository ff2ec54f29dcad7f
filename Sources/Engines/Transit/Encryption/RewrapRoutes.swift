internal import Cryptography
internal import EngineAPI
internal import JSONText

extension TransitMount {
  private typealias Own = EncryptionFields

  /// One ciphertext to bring to another version, whether it came alone or in a batch.
  private struct Item {
    var index = 0
    let ciphertext: String
    let context: String
    let nonce: String
    let version: Int64
    let decryptPadding: String
    let encryptPadding: String
    var reference = ""
  }

  func rewrap(_ call: Call) throws -> Reply {
    if let batch = try Batch.items(call, takingNumbers: true) { return try rewrap(batch, call) }
    let item = Item(
      ciphertext: try call[Own.ciphertext] ?? "", context: try call[Fields.context] ?? "",
      nonce: try call[Fields.nonce] ?? "", version: try call[Fields.keyVersion] ?? 0,
      decryptPadding: try call[Own.decryptPadding] ?? "", encryptPadding: try call[Own.encryptPadding] ?? "")
    if item.ciphertext.isEmpty { throw EngineError.invalid(Self.nothingToRewrap.text) }
    let key = try keyForRewrapping(call)
    let (ciphertext, version) = try single { () throws(Refusal) in try rewrapped(item, with: key) }
    return .data(["ciphertext": .string(ciphertext), "key_version": .int(version)])
  }

  private func rewrap(_ batch: [BatchItem], _ call: Call) throws -> Reply {
    var problems = BatchProblems()
    let items = batch.map { raw in
      Item(
        index: raw.index, ciphertext: raw.text(Own.ciphertext.name, &problems),
        context: raw.text(Fields.context.name, &problems), nonce: raw.text(Fields.nonce.name, &problems),
        version: raw.int(Fields.keyVersion.name, &problems),
        decryptPadding: raw.text(Own.decryptPadding.name, &problems),
        encryptPadding: raw.text(Own.encryptPadding.name, &problems), reference: raw.text(Fields.reference, &problems))
    }
    try problems.check()
    try Batch.checkContexts(items.map(\.context))
    let key = try keyForRewrapping(call)
    var results = BatchResults(reserving: items.count)
    for item in items {
      results.add(item.reference) { writer throws(Refusal) in
        let (ciphertext, version) = try rewrapped(item, with: key)
        writer.name("ciphertext")
        writer.string(ciphertext)
        writer.name("key_version")
        writer.int(version)
      }
    }
    return results.lenientReply()
  }

  private func keyForRewrapping(_ call: Call) throws -> LoadedKey {
    guard let key = try load(call.capture("name")) else { throw EngineError.invalid("encryption key not found") }
    return key
  }

  private static let nothingToRewrap = Refusal("missing ciphertext to decrypt")

  /// Rewrapping knows no associated data: what carries some cannot be read here.
  private func rewrapped(_ item: Item, with key: LoadedKey) throws(Refusal) -> (ciphertext: String, version: Int64) {
    if item.ciphertext.isEmpty { throw Self.nothingToRewrap }
    var options = EncryptionOptions(
      context: try Encoded.decode(item.context), nonce: try Encoded.decode(item.nonce), version: item.version)
    func setPadding(_ name: String, _ field: Field<String>) throws(Refusal) {
      options.padding =
        name.isEmpty ? .oaep(.sha256) : try .named(name, key.type, given: "'[\(item.index)].\(field.name)'")
    }
    try setPadding(item.decryptPadding, Own.decryptPadding)
    let plaintext = try key.decrypt(item.ciphertext, options)
    try setPadding(item.encryptPadding, Own.encryptPadding)
    return try key.encrypt(plaintext, options, random: context.random)
  }
}
