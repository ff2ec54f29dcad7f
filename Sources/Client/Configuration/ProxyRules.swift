/// Which proxy, if any, leads to a host: the variables of Vault's client first, then the usual ones.
package struct ProxyRules: Sendable, Equatable {
  /// For every address, whatever its scheme.
  package var always = ""
  package var plain = ""
  package var secure = ""
  package var exceptions: [String] = []

  package init() {}

  package init(variables: [String: String]) {
    func first(_ names: String...) -> String { names.lazy.compactMap { variables[$0] }.first { !$0.isEmpty } ?? "" }
    always = first("VAULT_PROXY_ADDR", "VAULT_HTTP_PROXY")
    // Under CGI the upper-case name comes from a request's header.
    plain =
      first("http_proxy")
      + (variables["REQUEST_METHOD"] == nil && first("http_proxy").isEmpty ? first("HTTP_PROXY") : "")
    secure = first("HTTPS_PROXY", "https_proxy")
    exceptions = first("NO_PROXY", "no_proxy").split(separator: ",").map { entry in
      var entry = entry.drop { $0 == " " }
      while entry.last == " " { entry.removeLast() }
      return entry.lowercased()
    }
  }

  /// The proxy's address; nil to go straight.
  package func proxy(for address: ServerAddress) -> String? {
    guard case .tcp(let host, let port) = address.endpoint else { return nil }
    if !always.isEmpty { return always }
    let chosen = address.isSecure ? secure : plain
    if chosen.isEmpty || Self.isLocal(host) { return nil }
    let name = host.lowercased()
    for entry in exceptions {
      if entry == "*" || entry == name || entry == "\(name):\(port)" { return nil }
      let suffix = entry.hasPrefix(".") ? entry : "." + entry
      if name.hasSuffix(suffix) { return nil }
    }
    return chosen
  }

  private static func isLocal(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.split(separator: ".").count == 4)
  }
}
