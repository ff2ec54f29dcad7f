/// Where a server listens: scheme, host and port or a socket file, and what stands before `/v1` in its paths.
package struct ServerAddress: Sendable, Equatable {
  package enum Endpoint: Sendable, Equatable {
    case tcp(host: String, port: UInt16)
    case unix(path: String)
  }

  package let isSecure: Bool
  package let endpoint: Endpoint
  /// Host and port as written, for the `Host` field and for URLs in messages.
  package let authority: String
  /// Begins with `/` and ends without one; empty where the address is a bare host.
  package let basePath: String

  /// Reads `http://`, `https://` and `unix://` addresses.
  package init(_ text: String) throws(ConfigurationError) {
    let invalid = ConfigurationError(
      "invalid address \"\(text)\": expected http://HOST:PORT, https://HOST:PORT or unix:///PATH")
    if text.hasPrefix("unix://") {
      let path = String(text.dropFirst(7))
      if path.isEmpty { throw invalid }
      (isSecure, endpoint, authority, basePath) = (false, .unix(path: path), "localhost", "")
      return
    }
    let rest: Substring
    if text.hasPrefix("http://") {
      (isSecure, rest) = (false, text.dropFirst(7))
    } else if text.hasPrefix("https://") {
      (isSecure, rest) = (true, text.dropFirst(8))
    } else {
      throw invalid
    }
    let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
    // A user in an address is of no use here, and must not reach a log.
    let place = rest[..<end].split(separator: "@", omittingEmptySubsequences: false).last ?? ""
    guard let (host, port) = Self.split(place, port: isSecure ? 443 : 80) else { throw invalid }
    let path = rest[end...].prefix { $0 != "?" && $0 != "#" }
    let segments = path.split(separator: "/")
    endpoint = .tcp(host: host, port: port)
    authority = String(place)
    basePath = segments.isEmpty ? "" : "/" + segments.joined(separator: "/")
  }

  /// The address without a path, as commands print it.
  package var origin: String { (isSecure ? "https://" : "http://") + authority }

  /// Takes `host`, `host:port`, `[v6]` and `[v6]:port` apart.
  private static func split(_ place: Substring, port standard: UInt16) -> (String, UInt16)? {
    if place.hasPrefix("[") {
      guard let close = place.firstIndex(of: "]") else { return nil }
      let host = String(place[place.index(after: place.startIndex)..<close])
      let rest = place[place.index(after: close)...]
      if rest.isEmpty { return host.isEmpty ? nil : (host, standard) }
      guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()), !host.isEmpty else { return nil }
      return (host, port)
    }
    let parts = place.split(separator: ":", omittingEmptySubsequences: false)
    guard let host = parts.first, !host.isEmpty, parts.count <= 2 else { return nil }
    if parts.count == 1 { return (String(host), standard) }
    guard let port = UInt16(parts[1]) else { return nil }
    return (String(host), port)
  }
}

/// What is wrong with the settings of a client, in words for its user.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
