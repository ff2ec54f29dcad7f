internal import Primitives

/// A connection URI without what libpq does not know in its query. Drivers that clients know send that to the server as parameters of the
/// session, such as `search_path`, which libpq has a keyword for: `options` (PostgreSQL documentation, section 34.1.2).
struct SessionQuery {
  private(set) var uri: String
  /// For `options`: `-c name=value`.
  private(set) var options: [String] = []

  /// Settings of the driver that these URIs are written for, which mean nothing to the server.
  private static let meaningless: Set<String> = [
    "default_query_exec_mode", "statement_cache_capacity", "description_cache_capacity", "statement_cache_mode",
  ]
  private static let known = Set((ConnectionSettings.parse("") ?? [:]).keys)

  /// - Throws: `.usage` for a name that no parameter has.
  init(uri: String) throws(PostgreSQLError) {
    self.uri = uri
    let isURI = ["postgresql://", "postgres://"].contains { uri.hasPrefix($0) }
    guard isURI, let mark = uri.utf8.firstIndex(of: UInt8(ascii: "?")) else { return }
    var kept: [Substring] = []
    for part in uri[uri.index(after: mark)...].split(separator: "&") {
      let name = part.prefix { $0 != "=" }
      // `ssl` is an old name that libpq takes in a URI.
      if Self.known.contains(String(name)) || name == "ssl" {
        kept.append(part)
      } else if !Self.meaningless.contains(String(name)) {
        options.append(try Self.option(name, part.dropFirst(name.count + 1)))
      }
    }
    self.uri = uri[..<mark] + (kept.isEmpty ? "" : "?" + kept.joined(separator: "&"))
  }

  private static func option(_ name: Substring, _ value: Substring) throws(PostgreSQLError) -> String {
    let isName =
      !name.isEmpty && name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || isAlphanumeric($0) }
    guard isName, let bytes = PercentEncoding.decodeBytes(Array(value.utf8)),
      let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0)
    else {
      throw PostgreSQLError(.usage, "cannot parse the connection URL: a parameter of its query has no name or value")
    }
    var escaped = ""
    for character in text.unicodeScalars {
      // The server splits options at blanks that no backslash stands before.
      if character == "\\" || character.properties.isWhitespace { escaped += "\\" }
      escaped.unicodeScalars.append(character)
    }
    return "-c \(name)=\(escaped)"
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
  }
}
