internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives

/// Random bytes and digests, which need no key.
extension TransitMount {
  private enum Own {
    static let bytes = Field.int("bytes", "How many random bytes.")
    static let format = Field.string("format", "base64 or hex.")
    static let source = Field.string("source", "platform, seal or all, and the count after it; all in the path.")
    static let urlBytes = Field.string("urlbytes", "How many random bytes, or the source.")
    static let input = Field.string("input", "The bytes to hash, in base64.")
    static let algorithm = Field.string("algorithm", "Which digest, such as sha2-256.")
    static let urlAlgorithm = Field.string("urlalgorithm", "Which digest, in the path.")
  }

  static let toolRoutes: [Route<TransitMount>] = [
    Route(
      "random/{source...?}", traits: .pureUpdates,
      fields: [Own.source.description, Own.urlBytes.description, Own.bytes.description, Own.format.description],
      summary: "Random bytes", [.update: { mount, call in try mount.random(call) }]),
    Route(
      "hash/", traits: .pureUpdates,
      fields: [Own.input.description, Own.algorithm.description, Own.format.description],
      summary: "A digest of the input", [.update: { mount, call in try mount.digest(call) }]),
    Route(
      "hash/{urlalgorithm}", traits: .pureUpdates,
      fields: [
        Own.urlAlgorithm.description, Own.input.description, Own.algorithm.description, Own.format.description,
      ],
      summary: "A digest of the input", [.update: { mount, call in try mount.digest(call) }]),
  ]

  private static let sources = ["platform", "seal", "all"]
  private static let mostBytes: Int64 = 10_485_760

  private func random(_ call: Call) throws -> Reply {
    let parts = call.capture("source").split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    var source = ""
    var number: String?
    switch parts.count {
    case 0: break
    case 1 where Self.sources.contains(parts[0]): source = parts[0]
    case 1 where parts[0].isEmpty: break
    case 1: number = parts[0]
    case 2 where Self.sources.contains(parts[0]):
      source = parts[0]
      number = parts[1]
    default: throw EngineError.unsupportedPath
    }
    var count = try call[Own.bytes] ?? 32
    if let number {
      guard let parsed = Int64(number) else {
        throw EngineError.invalid(
          "error parsing url-set byte count: strconv.Atoi: parsing \"\(number)\": invalid syntax")
      }
      count = parsed
    }
    guard count >= 1 else { throw EngineError.invalid("\"bytes\" cannot be less than 1") }
    guard count <= Self.mostBytes else { throw EngineError.invalid("\"bytes\" should be less than \(Self.mostBytes)") }
    let format = try call[Own.format] ?? ""
    guard ["", "base64", "hex"].contains(format) else {
      throw EngineError.invalid("unsupported encoding format \"\(format)\"; must be \"hex\" or \"base64\"")
    }
    let bytes = context.random.bytes(Int(count))
    let warnings =
      source == "seal" ? ["no seal/entropy augmentation available, using platform entropy source"] : []
    return .data(
      ["random_bytes": .string(format == "hex" ? Hex.encode(bytes) : Base64.encode(bytes))], warnings: warnings)
  }

  private func digest(_ call: Call) throws -> Reply {
    guard call.has(Own.input) else { throw EngineError.invalid("input missing") }
    let text = try call[Own.input] ?? ""
    let format = try call[Own.format] ?? "hex"
    guard ["hex", "base64"].contains(format) else {
      throw EngineError.invalid("unsupported encoding format \(format); must be \"hex\" or \"base64\"")
    }
    let input = try single { () throws(Refusal) in
      try Encoded.decode(text, "unable to decode input as base64: ")
    }
    let inPath = call.capture(Own.urlAlgorithm.name)
    let name = try inPath.isEmpty ? call[Own.algorithm] ?? "sha2-256" : inPath
    // Digests of SHA-1 alone are not made; HMACs and signatures with it are.
    guard let function = HashFunction(rawValue: name), function != .sha1 else {
      throw EngineError.invalid("unsupported algorithm \(name)")
    }
    let sum = function.digest(of: input)
    return .data(["sum": .string(format == "hex" ? Hex.encode(sum) : Base64.encode(sum))])
  }
}
