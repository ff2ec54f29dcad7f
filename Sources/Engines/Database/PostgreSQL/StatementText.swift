internal import JSONText
internal import Primitives
internal import SecretMemory

/// The statements of a role or connection, in whichever form they were sent: texts with semicolons between them, lists as JSON, and
/// either of them in base64.
enum StatementText {
  /// Single statements, templates not filled in. Texts are cut at each semicolon but for those inside dollar quotes.
  static func statements(_ sent: [String]) -> [String] {
    sent.flatMap { text in
      let plain = decoded(text)
      if plain.utf8.first == UInt8(ascii: "["), let list = (try? JSONParser.parse(plain))?.arrayValue {
        return list.compactMap(\.stringValue).flatMap(split)
      }
      return split(plain)
    }
  }

  /// What base64 holds, where the text is that. Statements hold blanks and base64 does not.
  private static func decoded(_ text: String) -> String {
    if text.utf8.contains(UInt8(ascii: " ")) { return text }
    guard let bytes = try? Base64.decode(text), let plain = String(validating: bytes, as: UTF8.self),
      plain.utf8.contains(UInt8(ascii: " "))
    else { return text }
    return plain
  }

  private static func split(_ text: String) -> [String] {
    var statements: [String] = []
    var statement: [UInt8] = []
    let bytes = Array(text.utf8)
    var place = 0
    while place < bytes.count {
      if let tag = dollarTag(bytes[place...]) {
        let end = closing(tag, in: bytes, from: place + tag.count)
        statement += bytes[place..<end]
        place = end
        continue
      }
      if bytes[place] == UInt8(ascii: ";") {
        statements.append(String(decoding: statement, as: UTF8.self))
        statement = []
      } else {
        statement.append(bytes[place])
      }
      place += 1
    }
    statements.append(String(decoding: statement, as: UTF8.self))
    return statements.filter { $0.utf8.contains { $0 > 0x20 } }
  }

  /// `$$` or `$name$` at the beginning (PostgreSQL documentation, section 4.1.2.4).
  private static func dollarTag(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard bytes.first == UInt8(ascii: "$") else { return nil }
    var end = bytes.startIndex + 1
    while end < bytes.endIndex, bytes[end] != UInt8(ascii: "$") {
      let c = bytes[end]
      let isLetter =
        c | 0x20 >= UInt8(ascii: "a") && c | 0x20 <= UInt8(ascii: "z") || c == UInt8(ascii: "_") || c >= 0x80
      let isDigit = c >= UInt8(ascii: "0") && c <= UInt8(ascii: "9") && end > bytes.startIndex + 1
      guard isLetter || isDigit else { return nil }
      end += 1
    }
    return end < bytes.endIndex ? bytes[bytes.startIndex...end] : nil
  }

  /// Where the text behind the same tag begins; the text's end where there is none.
  private static func closing(_ tag: ArraySlice<UInt8>, in bytes: [UInt8], from start: Int) -> Int {
    var place = start
    while place + tag.count <= bytes.count {
      if bytes[place] == UInt8(ascii: "$"), bytes[place..<(place + tag.count)].elementsEqual(tag) {
        return place + tag.count
      }
      place += 1
    }
    return bytes.count
  }

  // MARK: Filling in

  /// What statements' `{{…}}` stand for. Others stay as they are.
  struct Values {
    var name: String
    var password: SecretBytes?
    var expiration: Timestamp?
  }

  static func fill(_ statement: String, _ values: Values) -> SecretBytes {
    var out: [UInt8] = []
    defer { out.withUnsafeMutableBytes { zero($0) } }
    out.reserveCapacity(statement.utf8.count + 256)
    var rest = Array(statement.utf8)[...]
    while let brace = rest.firstIndex(of: UInt8(ascii: "{")) {
      out += rest[..<brace]
      rest = rest[brace...]
      if let (hole, value) = holes(values).first(where: { rest.starts(with: $0.0) }) {
        value(&out)
        rest = rest.dropFirst(hole.count)
      } else {
        out.append(UInt8(ascii: "{"))
        rest = rest.dropFirst()
      }
    }
    out += rest
    return SecretBytes(copying: out)
  }

  private static func holes(_ values: Values) -> [([UInt8], (inout [UInt8]) -> Void)] {
    var holes: [([UInt8], (inout [UInt8]) -> Void)] = []
    for hole in ["{{name}}", "{{username}}"] { holes.append((Array(hole.utf8), { $0 += Array(values.name.utf8) })) }
    if let password = values.password {
      holes.append(
        (
          Array("{{password}}".utf8),
          { out in
            password.withBytes { bytes in
              // Statements have it between quotes, of which it must not get out.
              for byte in bytes { out += byte == UInt8(ascii: "'") ? [byte, byte] : [byte] }
            }
          }
        ))
    }
    if let expiration = values.expiration {
      holes.append((Array("{{expiration}}".utf8), { $0 += Array(text(expiration).utf8) }))
    }
    return holes
  }

  /// `2006-01-02 15:04:05+0000`
  static func text(_ time: Timestamp) -> String {
    let iso = Timestamp(seconds: time.seconds).rfc3339
    return iso.prefix(10) + " " + iso.dropFirst(11).dropLast() + "+0000"
  }
}
