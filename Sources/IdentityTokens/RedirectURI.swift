/// Where a person is sent back to with a code.
package enum RedirectURI {
  /// True where `uri` is one of those that are allowed, character by character. Where it leads to the machine it is
  /// opened on, any port will do, because programs there take what is free (RFC 8252, section 7.3).
  package static func isAllowed(_ uri: String, _ allowed: [String]) -> Bool {
    if allowed.contains(where: { $0.utf8.elementsEqual(uri.utf8) }) { return true }
    guard let wanted = Loopback(uri) else { return false }
    return allowed.contains { Loopback($0) == wanted }
  }

  /// A URI on the loopback interface without its port; nil for every other one.
  private struct Loopback: Equatable {
    let scheme: String
    let host: String
    /// Path and query as they are written.
    let rest: String

    init?(_ uri: String) {
      guard !uri.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F || $0 == UInt8(ascii: "\\") }),
        !uri.contains("#"), let colon = uri.firstIndex(of: ":"), uri[colon...].hasPrefix("://")
      else { return nil }
      scheme = String(uri[..<colon])
      guard scheme == "http" || scheme == "https" else { return nil }
      let after = uri[uri.index(colon, offsetBy: 3)...]
      let end = after.firstIndex { $0 == "/" || $0 == "?" } ?? after.endIndex
      rest = String(after[end...])
      let authority = after[..<end]
      guard let host = ["127.0.0.1", "[::1]", "localhost"].first(where: { authority.hasPrefix($0) }) else { return nil }
      self.host = host
      let port = authority.dropFirst(host.count)
      guard port.isEmpty || Self.isPort(port) else { return nil }
    }

    private static func isPort(_ text: Substring) -> Bool {
      guard text.first == ":", text.utf8.count > 1, text.utf8.count <= 6 else { return false }
      let digits = text.utf8.dropFirst()
      return digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        && UInt16(text.dropFirst()) != nil
    }
  }
}
