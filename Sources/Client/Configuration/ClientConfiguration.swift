internal import JSONText
package import Primitives

/// Whom a TLS client trusts and who it says it is.
package struct TLSSettings: Sendable, Equatable {
  /// PEM files and folders; the system's own store where all three are empty.
  package var authorityFile = ""
  package var authorityFolder = ""
  package var authorityPEM = ""
  package var certificateFile = ""
  package var keyFile = ""
  /// The name to ask for and to check instead of the address's host.
  package var serverName = ""
  package var skipsVerification = false

  package init() {}
}

/// Everything that a client may be told about the server and the way there.
package struct ClientConfiguration: Sendable {
  package var address: ServerAddress
  package var tls = TLSSettings()
  package var token = ""
  package var namespace = ""
  /// The whole of one exchange, connecting included.
  package var timeout = TimeSpan.seconds(60)
  package var retries = RetryPolicy()
  package var followsRedirects = true
  /// Sent with every request, as given.
  package var headers: [(name: String, value: String)] = []
  package var wrapTTL: TimeSpan?
  package var multiFactor: [String] = []
  package var overridesPolicy = false
  package var proxy = ProxyRules()
  package var responseBytes = 256 << 20

  package init(address: ServerAddress) { self.address = address }

  package static let standardAddress = "https://127.0.0.1:8200"

  /// Reads the `VAULT_*` variables. A variable that is empty counts as not set.
  package init(variables: [String: String]) throws(ConfigurationError) {
    func value(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
    func boolean(_ name: String) throws(ConfigurationError) -> Bool? {
      guard let text = value(name) else { return nil }
      guard let flag = Self.boolean(text) else { throw ConfigurationError("could not parse \(name)") }
      return flag
    }
    // An agent stands before the server and knows the way to it.
    let place = value("VAULT_AGENT_ADDR") ?? value("VAULT_ADDR") ?? Self.standardAddress
    self.init(address: try ServerAddress(place))
    tls.authorityFile = value("VAULT_CACERT") ?? ""
    tls.authorityFolder = value("VAULT_CAPATH") ?? ""
    tls.authorityPEM = value("VAULT_CACERT_BYTES") ?? ""
    tls.certificateFile = value("VAULT_CLIENT_CERT") ?? ""
    tls.keyFile = value("VAULT_CLIENT_KEY") ?? ""
    tls.serverName = value("VAULT_TLS_SERVER_NAME") ?? ""
    tls.skipsVerification = try boolean("VAULT_SKIP_VERIFY") ?? false
    namespace = value("VAULT_NAMESPACE") ?? ""
    token = value("VAULT_TOKEN") ?? ""
    followsRedirects = try !(boolean("VAULT_DISABLE_REDIRECTS") ?? false)
    if let text = value("VAULT_CLIENT_TIMEOUT") {
      guard let span = TimeSpan(api: text), span > .zero else {
        throw ConfigurationError("could not parse \"VAULT_CLIENT_TIMEOUT\"")
      }
      timeout = span
    }
    if let text = value("VAULT_MAX_RETRIES") {
      guard let count = Int(text), count >= 0 else { throw ConfigurationError("could not parse VAULT_MAX_RETRIES") }
      retries.limit = count
    }
    if let text = value("VAULT_HEADERS") { headers += try Self.headers(text) }
    proxy = ProxyRules(variables: variables)
  }

  /// What Go's `strconv.ParseBool` takes, because scripts write it.
  package static func boolean(_ text: String) -> Bool? {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": true
    case "0", "f", "F", "false", "FALSE", "False": false
    default: nil
    }
  }

  private static func headers(_ text: String) throws(ConfigurationError) -> [(name: String, value: String)] {
    guard case .object(let object)? = try? JSONParser.parse(text) else {
      throw ConfigurationError("could not parse VAULT_HEADERS: expected a JSON object")
    }
    var headers: [(name: String, value: String)] = []
    for member in object.members {
      let values = member.value.arrayValue ?? [member.value]
      for value in values {
        guard let value = value.stringValue else {
          throw ConfigurationError("could not parse VAULT_HEADERS: values must be strings or lists of strings")
        }
        if member.name.lowercased().hasPrefix("x-vault-") {
          throw ConfigurationError("Setting headers starting with 'X-Vault-' is not allowed")
        }
        headers.append((member.name, value))
      }
    }
    return headers
  }
}
