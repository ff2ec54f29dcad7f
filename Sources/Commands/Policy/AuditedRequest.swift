internal import AccessPolicy
internal import JSONText
internal import Primitives

/// A request as an audit log has it: its path and the names of its parameters are clear, their values are digests.
struct AuditedRequest {
  let id: String
  let time: String
  let operation: AccessOperation
  let path: String
  let policies: [String]
  let entityID: String
  let parameters: JSONObject
  let wrapTTL: TimeSpan?
  let wasAllowed: Bool

  enum Line {
    case request(AuditedRequest)
    /// An answer, a request without a token, help: nothing that policies decided.
    case other
    case unreadable
  }

  static func read(_ line: ArraySlice<UInt8>) -> Line {
    // A prefix before the object is an option of devices.
    guard let start = line.firstIndex(of: UInt8(ascii: "{")),
      let entry = try? JSONParser.parse(Array(line[start...]), limits: .unlimited), let request = entry["request"],
      let type = entry["type"]?.stringValue
    else { return .unreadable }
    guard type == "request" else { return .other }
    guard let word = request["operation"]?.stringValue, let operation = AccessOperation(rawValue: word),
      operation != .help, let path = request["path"]?.stringValue,
      let policies = entry["auth"]?["policies"]?.arrayValue?.compactMap(\.stringValue), !policies.isEmpty
    else { return .other }
    let error = entry["error"]?.stringValue ?? ""
    let isAllowed = entry["auth"]?["policy_results"]?["allowed"]?.boolValue
    return .request(
      AuditedRequest(
        id: request["id"]?.stringValue ?? "", time: entry["time"]?.stringValue ?? "", operation: operation, path: path,
        policies: policies, entityID: entry["auth"]?["entity_id"]?.stringValue ?? "",
        parameters: request["data"]?.objectValue ?? [:],
        wrapTTL: request["wrap_ttl"]?.int64Value.map { .seconds($0) },
        wasAllowed: isAllowed ?? !error.contains("permission denied")))
  }

  /// Digests of the log's own key take the place of texts; nothing else is hidden.
  static func isHidden(_ value: JSONValue) -> Bool { value.stringValue?.hasPrefix("hmac-sha256:") == true }
}
