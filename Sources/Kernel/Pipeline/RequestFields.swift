internal import EngineAPI
import JSONText
internal import Primitives

/// What a request's body or query says, read by its content type.
enum RequestFields {
  /// - Throws: an `EngineError` with status 400 (413 for what is over a limit) in words that help.
  static func read(_ request: InboundRequest) throws(EngineError) -> JSONObject {
    guard request.operation.isWrite || request.operation == .patch else { return request.query }
    let body = request.body
    guard let first = body.first(where: { !Self.isBlank($0) }) else { return [:] }
    let isForm = request.contentType == "application/x-www-form-urlencoded"
    if isForm && first != UInt8(ascii: "{") && first != UInt8(ascii: "[") { return try form(body) }
    let value: JSONValue
    do { value = try JSONParser.parse(body, limits: request.limits) } catch {
      if let text = limitText(error.code) { throw EngineError(status: 413, messages: [text]) }
      throw .invalid("error parsing JSON: failed to parse JSON input: \(error.description)")
    }
    switch value {
    case .object(let object): return object
    case .null: return [:]
    default:
      throw .invalid("error parsing JSON: failed to parse JSON input: the body must be a JSON object")
    }
  }

  private static func limitText(_ code: JSONError.Code) -> String? {
    switch code {
    case .tooDeep: "JSON input exceeds allowed nesting depth"
    case .stringTooLong: "JSON string value exceeds allowed length"
    case .tooManyEntries: "JSON object exceeds allowed entry count"
    case .tooManyElements: "JSON array exceeds allowed element count"
    case .tooManyTokens: "JSON payload exceeds allowed token count"
    default: nil
    }
  }

  /// `a=1&b=2`; a name that comes again joins its values with a comma.
  private static func form(_ body: [UInt8]) throws(EngineError) -> JSONObject {
    var values: [(name: String, value: String)] = []
    for pair in body.split(separator: UInt8(ascii: "&")) {
      let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let rawName = parts.first, let name = PercentEncoding.decode(rawName, plusIsSpace: true),
        let value = PercentEncoding.decode(parts.count > 1 ? parts[1] : [], plusIsSpace: true)
      else { throw .invalid("error parsing form data") }
      if let at = values.firstIndex(where: { $0.name == name }) {
        values[at].value += "," + value
      } else {
        values.append((name, value))
      }
      if values.count > 1000 { throw .invalid("too many form fields") }
    }
    return JSONObject(members: values.map { JSONObject.Member(name: $0.name, value: .string($0.value)) })
  }

  private static func isBlank(_ c: UInt8) -> Bool { c == 0x20 || (c >= 9 && c <= 13) }
}
