internal import Primitives

/// How a policy's text comes in.
package enum PolicyText {
  /// A text that is base64 (RFC 4648, section 4) from end to end is taken as what it encodes; any other is returned
  /// as it is.
  package static func decoded(_ text: String) -> String {
    guard !text.isEmpty, let bytes = try? Base64.decode(text) else { return text }
    // What is not UTF-8 becomes replacement characters, which no policy may contain outside quotes, so the parser
    // refuses it.
    return String(decoding: bytes, as: UTF8.self)
  }
}
