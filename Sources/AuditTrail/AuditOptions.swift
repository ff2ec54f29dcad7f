internal import AuditAPI
internal import JSONText

/// How a device's entries look and which it gets: the options that every type of device has.
struct AuditOptions: Sendable {
  enum Format: String { case json, jsonx }

  /// Members to leave out of the entries that a condition holds for.
  struct Exclusion: Sendable {
    let condition: AuditFilter?
    /// JSON pointers (RFC 6901), taken apart.
    let fields: [[String]]
  }

  let format: Format
  let prefix: String
  let isRaw: Bool
  let hashesAccessors: Bool
  let elidesLists: Bool
  let skipsTest: Bool
  let isFallback: Bool
  let filter: AuditFilter?
  let exclusions: [Exclusion]

  init(_ options: [String: String]) throws(AuditDeviceError) {
    guard let format = Format(rawValue: options["format"].flatMap { $0.isEmpty ? nil : $0.lowercased() } ?? "json")
    else {
      throw .configuration("unsupported \"format\"")
    }
    self.format = format
    prefix = options["prefix"] ?? ""
    isRaw = try Self.bool("log_raw", options, false)
    hashesAccessors = try Self.bool("hmac_accessor", options, true)
    elidesLists = try Self.bool("elide_list_responses", options, false)
    skipsTest = try Self.bool("skip_test", options, false)
    isFallback = try Self.bool("fallback", options, false)
    filter = try Self.filter(options["filter"] ?? "", "filter")
    if isFallback, filter != nil { throw .configuration("cannot configure a fallback device with a filter") }
    exclusions = try Self.exclusions(options["exclude"] ?? "")
  }

  private static func bool(
    _ name: String, _ options: [String: String], _ standard: Bool
  ) throws(AuditDeviceError) -> Bool {
    switch options[name] ?? "" {
    case "": standard
    case "1", "t", "T", "true", "TRUE", "True": true
    case "0", "f", "F", "false", "FALSE", "False": false
    default: throw .configuration("unable to parse \"\(name)\"")
    }
  }

  private static func filter(_ text: String, _ option: String) throws(AuditDeviceError) -> AuditFilter? {
    if text.isEmpty { return nil }
    do {
      return try AuditFilter(text)
    } catch {
      throw .configuration("unable to parse \"\(option)\": \(error.message)")
    }
  }

  private static func exclusions(_ text: String) throws(AuditDeviceError) -> [Exclusion] {
    if text.isEmpty { return [] }
    guard let parsed = try? JSONText(checking: Array(text.utf8)).parsed(), let rules = parsed.arrayValue else {
      throw .configuration("unable to parse \"exclude\": a JSON list of objects is needed")
    }
    var out: [Exclusion] = []
    for rule in rules {
      guard let fields = rule["fields"]?.arrayValue, !fields.isEmpty else {
        throw .configuration("unable to parse \"exclude\": every rule needs 'fields'")
      }
      var pointers: [[String]] = []
      for field in fields {
        guard let pointer = field.stringValue, pointer.utf8.first == UInt8(ascii: "/") else {
          throw .configuration("unable to parse \"exclude\": a field is a JSON pointer")
        }
        let parts = pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        pointers.append(parts.map(unescaped))
      }
      let condition = try filter(rule["condition"]?.stringValue ?? "", "exclude")
      out.append(Exclusion(condition: condition, fields: pointers))
    }
    return out
  }

  /// `~1` stands for a slash and `~0` for a tilde (RFC 6901, section 4).
  private static func unescaped(_ part: Substring) -> String {
    var out = ""
    var escaping = false
    for c in part {
      if escaping {
        out += c == "1" ? "/" : c == "0" ? "~" : "~\(c)"
        escaping = false
      } else if c == "~" {
        escaping = true
      } else {
        out.append(c)
      }
    }
    return escaping ? out + "~" : out
  }
}
