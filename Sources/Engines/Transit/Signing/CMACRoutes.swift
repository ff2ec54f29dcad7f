internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory

/// Codes by AES-CMAC, which only keys made for them give.
extension TransitMount {
  enum CMACFields {
    static let length = Field.int("mac_length", "How many bytes a CMAC has: 1 to 16, which is the default.")
    static let urlLength = Field.string("url_mac_length", "How many bytes a CMAC has, in the path.")
    static let input = Field.string("input", "What to authenticate, in base64.")
  }
  private typealias Own = CMACFields

  static let cmacRoutes: [Route<TransitMount>] = ["", "/{url_mac_length}"].map { tail in
    Route(
      PathPattern(stringLiteral: "cmac/{name}" + tail), traits: .pureUpdates,
      fields: [
        Fields.name.description, Own.urlLength.description, Own.input.description, Own.length.description,
        Fields.keyVersion.description, Fields.batch.description,
      ],
      summary: "A CMAC with a key",
      help: "For keys of type aes128-cmac, aes192-cmac and aes256-cmac, where the mount has the extended key types.",
      [.update: { mount, call in try mount.makeCMAC(call) }])
  }

  /// The length that a request asks for, in path or body.
  func cmacLength(_ call: Call, inPath: String) throws -> Int {
    var length = try call[Own.length] ?? Int64(CMACKey.outputBytes)
    if !inPath.isEmpty {
      guard let number = Int64(inPath) else { throw EngineError.invalid("invalid mac_length \"\(inPath)\"") }
      length = number
    }
    guard (1...Int64(CMACKey.outputBytes)).contains(length) else {
      throw EngineError.invalid("mac_length must be between 1 and \(CMACKey.outputBytes)")
    }
    return Int(length)
  }

  private func makeCMAC(_ call: Call) throws -> Reply {
    let key = try load(call.capture("name"))
    // Where no key makes codes, there is no such endpoint.
    guard hasExtendedTypes || key?.type.isCMAC == true else { throw EngineError.unsupportedPath }
    let length = try cmacLength(call, inPath: call.capture(Own.urlLength.name))
    let version = try call[Fields.keyVersion] ?? 0
    let batch = try Batch.items(call, takingNumbers: true)
    if batch == nil && !call.has(Own.input) { throw EngineError.invalid("missing input for CMAC") }
    guard let key else { throw EngineError.invalid("encryption key not found") }
    func made(_ text: String) throws(Refusal) -> String {
      let input = try Encoded.decode(text, "unable to decode input as base64: ")
      return try key.cmac(of: input, version: version, length: length)
    }
    guard let batch else {
      let text = try call[Own.input] ?? ""
      return .data(["cmac": .string(try single { () throws(Refusal) in try made(text) })])
    }
    var problems = BatchProblems()
    let items = batch.map { raw in
      (
        input: raw.has("input") ? raw.text("input", &problems) : nil,
        reference: raw.text(Fields.reference, &problems)
      )
    }
    try problems.check()
    var results = BatchResults(reserving: items.count)
    for item in items {
      results.add(item.reference) { writer throws(Refusal) in
        guard let input = item.input else { throw Refusal("missing input for CMAC") }
        let code = try made(input)
        writer.name("cmac")
        writer.string(code)
      }
    }
    return results.lenientReply()
  }
}

extension LoadedKey {
  private func checkCMAC() throws(Refusal) {
    if !type.isCMAC { throw Refusal("key type \(type.name) does not support CMAC") }
  }

  fileprivate func cmac(of input: [UInt8], version wanted: Int64, length: Int) throws(Refusal) -> String {
    try checkCMAC()
    let number = try version(toUse: wanted, for: "CMAC")
    return VersionedText(version: number, body: Base64.encode(try code(number, input)[..<length])).text
  }

  func verify(cmac: String, of input: [UInt8], length: Int) throws(Refusal) -> Bool {
    try checkCMAC()
    let parsed = try VersionedText(cmac, "invalid CMAC", noPrefix: "invalid CMAC to verify")
    let given = try Encoded.decode(parsed.body, "unable to decode verification CMAC as base64: ")
    if parsed.version > record.latest { throw Refusal("invalid CMAC: version is too new") }
    if parsed.version < record.minDecryption {
      throw Refusal("cannot verify CMAC: version is too old (disallowed by policy)")
    }
    let right = try code(parsed.version, input)[..<length]
    return right.withUnsafeBytes { right in given.withUnsafeBytes { constantTimeEqual(right, $0) } }
  }

  private func code(_ number: Int64, _ input: [UInt8]) throws(Refusal) -> [UInt8] {
    let key = try cmacKey(number)
    do { return try key.authenticate(input) } catch { throw Refusal.unreadable }
  }
}
