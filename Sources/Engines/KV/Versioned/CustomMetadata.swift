internal import EngineAPI
internal import JSONText

/// The limits of `custom_metadata`, and how values become the texts that it holds.
enum CustomMetadata {
  private static let maximumEntries = 64
  private static let maximumNameBytes = 128
  private static let maximumValueBytes = 512
  private static let prefix = "custom_metadata validation failed: "

  /// The entries as texts, each within the limits.
  /// - Throws: an `EngineError` with status 400 that names every violation.
  static func texts(_ object: JSONObject) throws(EngineError) -> [(String, String)] {
    var texts: [(String, String)] = []
    for member in object.members {
      do throws(FieldMismatch) { texts.append((member.name, try Coercion.string(member.value))) } catch {
        throw .invalid(prefix + "the value of key \(quoted(member.name)): \(error.reason)")
      }
    }
    if texts.count > maximumEntries {
      let count = "payload must contain at most \(maximumEntries) keys, provided \(texts.count)"
      throw .list(status: 400, [prefix + count])
    }
    let found = texts.flatMap { violations(name: $0.0, value: $0.1) }
    if !found.isEmpty { throw .list(status: 400, found.map { prefix + $0 }) }
    return texts
  }

  /// As it is stored and shown: an object sorted by name, or `null` for none.
  static func json(_ texts: [(String, String)]) -> [UInt8] {
    if texts.isEmpty { return JSONText.null.bytes }
    return JSONText(sorting: .object(JSONObject(texts.map { ($0.0, .string($0.1)) }))).bytes
  }

  /// The stored entries with those of the patch; a null takes its entry away. Only the patch's own entries are held to
  /// the limits.
  static func patched(_ stored: [UInt8], with patch: JSONObject) throws -> [UInt8] {
    let added = try texts(JSONObject(members: patch.members.filter { !$0.value.isNull }))
    var object = try JSONText(trusted: stored).parsed().objectValue ?? [:]
    for member in patch.members where member.value.isNull { object[member.name] = nil }
    for (name, value) in added { object[name] = .string(value) }
    return object.isEmpty ? JSONText.null.bytes : JSONText(sorting: .object(object)).bytes
  }

  private static func violations(name: String, value: String) -> [String] {
    var found: [String] = []
    let quoted = quoted(name)
    if !(1...maximumNameBytes).contains(name.utf8.count) {
      found.append("length of key \(quoted) is \(name.utf8.count) but must be 0 < len(key) <= \(maximumNameBytes)")
    }
    if !(1...maximumValueBytes).contains(value.utf8.count) {
      found.append(
        "length of value for key \(quoted) is \(value.utf8.count) but must be 0 < len(value) <= \(maximumValueBytes)")
    }
    if !isPrintable(name) { found.append("key \(quoted) (\(name)) contains unprintable characters") }
    if !isPrintable(value) { found.append("value for key \(quoted) contains unprintable characters") }
    return found
  }

  /// Letters, marks, numbers, punctuation, symbols and the plain blank.
  private static func isPrintable(_ text: String) -> Bool { text.unicodeScalars.allSatisfy(isPrintable) }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    case .spaceSeparator: scalar == " "
    default: true
    }
  }

  /// In double quotes, with what does not print as an escape.
  static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      default:
        if isPrintable(scalar) {
          out.unicodeScalars.append(scalar)
        } else {
          let digits = String(scalar.value, radix: 16)
          let width = scalar.value < 0x80 ? 2 : scalar.value < 0x10000 ? 4 : 8
          out += width == 2 ? "\\x" : width == 4 ? "\\u" : "\\U"
          out += String(repeating: "0", count: width - digits.utf8.count) + digits
        }
      }
    }
    return out + "\""
  }
}
