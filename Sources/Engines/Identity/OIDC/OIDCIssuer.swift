internal import EngineAPI
internal import JSONText
internal import Kernel

/// The URLs by which tokens name who issued them.
enum OIDCIssuer {
  /// What whoever sets an issuer is told.
  static let setWarning =
    "If \"issuer\" is set explicitly, all tokens must be validated against that address, including those issued by "
    + "secondary clusters. Setting issuer to \"\" will restore the default behavior of using the cluster's api_addr "
    + "as the issuer."

  /// Scheme, host and port; empty stays empty.
  static func checked(_ text: String) throws(EngineError) -> String {
    if text.isEmpty { return text }
    var text = text[...]
    if text.hasSuffix("/") { text = text.dropLast() }
    let authority = text.hasPrefix("https://") ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : ""
    guard isAuthority(authority) else {
      throw .invalid(
        "invalid issuer, which must include only a scheme, host, and optional port (e.g. https://example.com:8200)")
    }
    return String(text)
  }

  /// Host and port as RFC 3986, section 3.2 writes them, without anybody's name.
  private static func isAuthority(_ text: Substring) -> Bool {
    var host = text
    if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
      let port = text[text.index(after: colon)...]
      guard !port.isEmpty, port.utf8.count <= 5, UInt16(port) != nil else { return false }
      host = text[..<colon]
    }
    let isAddress = host.hasPrefix("[") && host.hasSuffix("]")
    if isAddress { host = host.dropFirst().dropLast() }
    return !host.isEmpty
      && host.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
          true
        case UInt8(ascii: ":"): isAddress
        default: false
        }
      }
  }

  private static let path = "/v1/identity/oidc"

  private static func address(_ issuer: String, _ call: Call) throws -> String {
    try issuer.isEmpty ? call.session.node.settings.apiAddress : issuer
  }

  /// Of tokens that roles make.
  static func tokens(_ issuer: String, _ call: Call) throws -> String { try address(issuer, call) + path }

  static func provider(_ name: String, _ provider: OIDCProvider, _ call: Call) throws -> String {
    try address(provider.issuer, call) + path + "/provider/" + name
  }

  /// Where a person's browser begins.
  static func authorization(_ name: String, _ provider: OIDCProvider, _ call: Call) throws -> String {
    try address(provider.issuer, call) + "/ui/vault/identity/oidc/provider/\(name)/authorize"
  }
}
