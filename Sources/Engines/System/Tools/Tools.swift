internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives

private enum Fields {
  static let bytes = Field.int("bytes", "How many random bytes.")
  static let format = Field.string("format", "`base64` or `hex`.")
  static let source = Field.string("source", "`platform`, `seal` or `all`; all are the system's generator here.")
  static let urlBytes = Field.string("urlbytes", "How many random bytes, or the source.")
  static let input = Field.string("input", "The bytes to hash, in base64.", secret: true)
  static let algorithm = Field.string("algorithm", "Which digest, such as sha2-256.")
  static let urlAlgorithm = Field.string("urlalgorithm", "Which digest, such as sha2-256.")
}

extension SystemEngine {
  static let toolRoutes: [Route<SystemEngine>] = [
    Route("tools/random/", fields: random, summary: "Random bytes", [.update: { try randomBytes($1) }]),
    Route("tools/random/{urlbytes}", fields: random, summary: "Random bytes", [.update: { try randomBytes($1) }]),
    Route(
      "tools/random/{source}/{urlbytes}", fields: random, summary: "Random bytes", [.update: { try randomBytes($1) }]),
    Route("tools/hash/", fields: hash, summary: "A digest of the input", [.update: { try digest($1) }]),
    Route("tools/hash/{urlalgorithm}", fields: hash, summary: "A digest of the input", [.update: { try digest($1) }]),
  ]

  private static let random = [
    Fields.bytes.description, Fields.format.description, Fields.source.description, Fields.urlBytes.description,
  ]
  private static let hash = [
    Fields.input.description, Fields.algorithm.description, Fields.urlAlgorithm.description,
    Fields.format.description,
  ]
  private static let mostBytes: Int64 = 10_485_760

  private static func randomBytes(_ call: Call) throws -> Reply {
    var source = try call[Fields.source] ?? ""
    var count = try call[Fields.bytes] ?? 32
    let text = call.capture("urlbytes")
    if !text.isEmpty {
      if let number = Int64(text) {
        count = number
      } else if source.isEmpty {
        source = text
      } else {
        throw EngineError.invalid("error parsing url-set byte count: strconv.Atoi: parsing \"\(text)\": invalid syntax")
      }
    }
    guard ["", "platform", "seal", "all"].contains(source) else {
      throw EngineError.invalid(
        "unsupported entropy source \"\(source)\"; must be \"platform\" or \"seal\", or \"all\"")
    }
    guard count >= 1 else { throw EngineError.invalid("\"bytes\" cannot be less than 1") }
    guard count <= mostBytes else { throw EngineError.invalid("\"bytes\" must be less than \(mostBytes)") }
    let format = try call[Fields.format] ?? "base64"
    let bytes = try call.active.state.random.bytes(Int(count))
    switch format {
    case "", "base64": return .data(["random_bytes": .string(Base64.encode(bytes))])
    case "hex": return .data(["random_bytes": .string(Hex.encode(bytes))])
    default:
      throw EngineError.invalid("unsupported encoding format \"\(format)\"; must be \"hex\" or \"base64\"")
    }
  }

  private static func digest(_ call: Call) throws -> Reply {
    let text = try call[Fields.input] ?? ""
    let format = try call[Fields.format] ?? "hex"
    guard ["hex", "base64"].contains(format) else {
      throw EngineError.invalid("unsupported encoding format \(format); must be \"hex\" or \"base64\"")
    }
    let input: [UInt8]
    do { input = try Base64.decode(text) } catch {
      throw EngineError.invalid("unable to decode input as base64: illegal base64 data at input byte \(error.offset)")
    }
    let inPath = call.capture("urlalgorithm")
    let name = try inPath.isEmpty ? call[Fields.algorithm] ?? "sha2-256" : inPath
    guard let function = HashFunction(rawValue: name), name != "sha1" else {
      throw EngineError.invalid("unsupported algorithm \(name)")
    }
    let sum = function.digest(of: input)
    return .data(["sum": .string(format == "hex" ? Hex.encode(sum) : Base64.encode(sum))])
  }
}
