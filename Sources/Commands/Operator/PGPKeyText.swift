internal import Primitives

/// Public keys as files hold them: armored (RFC 9580, section 6), base64, or bytes.
enum PGPKeyText {
  static func base64(_ bytes: [UInt8]) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { return Base64.encode(bytes) }
    let lines = text.split(whereSeparator: \.isNewline)
    guard lines.contains(where: { $0.hasPrefix("-----BEGIN PGP") }) else {
      return looksEncoded(text) ? String(text.filter { !$0.isWhitespace }) : Base64.encode(bytes)
    }
    // Between the frame: headers with a colon, the key, and a checksum that begins with an equal sign.
    var key = ""
    for line in lines where !line.hasPrefix("-----") && !line.contains(":") && !line.hasPrefix("=") {
      key += line.filter { !$0.isWhitespace }
    }
    return key
  }

  static func looksEncoded(_ text: String) -> Bool {
    let clean = text.filter { !$0.isWhitespace }
    return clean.utf8.count > 40 && (try? Base64.decode(clean)) != nil
  }
}
