internal import JSONText
internal import Primitives

/// One line of an audit log, as any server of this API writes it.
struct AuditEntry {
  let json: JSONValue

  /// Nil for a line that is no entry. What stands before the object is the device's prefix.
  init?(line: ArraySlice<UInt8>) {
    guard let start = line.firstIndex(of: UInt8(ascii: "{")),
      let value = try? JSONParser.parse(Array(line[start...]), limits: .unlimited), case .object = value,
      value["type"]?.stringValue != nil
    else { return nil }
    json = value
  }

  var time: Timestamp? { json["time"]?.stringValue.flatMap { Timestamp(rfc3339: $0) } }
  var type: String { json["type"]?.stringValue ?? "" }
  var error: String { json["error"]?.stringValue ?? "" }
  var operation: String { request("operation") }
  var path: String { request("path") }
  var remoteAddress: String { request("remote_address") }
  var requestID: String { request("id") }
  var entityID: String { auth("entity_id") }
  var displayName: String { auth("display_name") }

  /// Whoever asks shows one of these.
  var accessors: [String] {
    [auth("accessor"), request("client_token_accessor"), json["response"]?["auth"]?["accessor"]?.stringValue ?? ""]
  }

  /// Refused for want of rights, not for a mistake in the request.
  var isDenied: Bool {
    json["auth"]?["policy_results"]?["allowed"]?.boolValue == false || error.contains("permission denied")
  }

  /// The text stands somewhere in the entry as a whole value.
  func holds(_ text: String) -> Bool { Self.holds(text, in: json) }

  private static func holds(_ text: String, in value: JSONValue) -> Bool {
    switch value {
    case .string(let value): value == text
    case .array(let values): values.contains { holds(text, in: $0) }
    case .object(let object): object.members.contains { holds(text, in: $0.value) }
    case .null, .bool, .number: false
    }
  }

  private func request(_ name: String) -> String { json["request"]?[name]?.stringValue ?? "" }
  private func auth(_ name: String) -> String { json["auth"]?[name]?.stringValue ?? "" }
}
