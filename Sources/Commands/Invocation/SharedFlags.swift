internal import Primitives

/// Flags that many commands have in common.
package struct SharedFlags: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  /// The way to the server and what goes with each request.
  package static let client = SharedFlags(rawValue: 1)
  package static let format = SharedFlags(rawValue: 2)
  package static let field = SharedFlags(rawValue: 4)
  package static let detailed = SharedFlags(rawValue: 8)
  package static let output: SharedFlags = [.format, .field]
  package static let all: SharedFlags = [.client, .format, .field, .detailed]

  var flags: [any AnyFlag] {
    var flags: [any AnyFlag] = []
    if contains(.client) { flags += ClientFlags.all }
    if contains(.field) { flags.append(OutputFlags.field) }
    if contains(.format) { flags.append(OutputFlags.format) }
    if contains(.detailed) { flags.append(OutputFlags.detailed) }
    return flags
  }
}

enum OutputFlags {
  static var field: Flag<String> {
    Flag("field", "Print only the field with this name, without a newline when the output is not a terminal.")
  }
  static var format: Flag<String> {
    Flag(
      "format", default: "table", variable: "VAULT_FORMAT",
      "Print as \"table\", \"json\", \"yaml\", \"pretty\" or \"raw\" (read only).")
  }
  static var detailed: Flag<Bool> { Flag("detailed", variable: "VAULT_DETAILED", "Print more columns.") }
}

enum ClientFlags {
  static var address: Flag<String> { Flag("address", variable: "VAULT_ADDR", "Address of the server.") }
  static var agentAddress: Flag<String> {
    Flag("agent-address", variable: "VAULT_AGENT_ADDR", "Address of an agent that stands before the server.")
  }
  static var authorityFile: Flag<String> {
    Flag("ca-cert", variable: "VAULT_CACERT", "PEM file with the certificate authorities to trust.")
  }
  static var authorityFolder: Flag<String> {
    Flag("ca-path", variable: "VAULT_CAPATH", "Folder of PEM files with certificate authorities to trust.")
  }
  static var certificateFile: Flag<String> {
    Flag("client-cert", variable: "VAULT_CLIENT_CERT", "PEM file with the certificate to show to the server.")
  }
  static var keyFile: Flag<String> {
    Flag("client-key", variable: "VAULT_CLIENT_KEY", "PEM file with the private key of -client-cert.")
  }
  static var serverName: Flag<String> {
    Flag("tls-server-name", variable: "VAULT_TLS_SERVER_NAME", "Name to expect in the server's certificate.")
  }
  static var skipVerify: Flag<Bool> {
    Flag("tls-skip-verify", variable: "VAULT_SKIP_VERIFY", "Trust any certificate. Never in production.")
  }
  static var disableRedirects: Flag<Bool> {
    Flag("disable-redirects", variable: "VAULT_DISABLE_REDIRECTS", "Do not follow redirects.")
  }
  static var namespace: Flag<String> {
    Flag("namespace", aliases: ["ns"], variable: "VAULT_NAMESPACE", "Namespace to work in.")
  }
  static var wrapTTL: Flag<TimeSpan> {
    Flag("wrap-ttl", variable: "VAULT_WRAP_TTL", "Wrap the answer in a single-use token that lives this long.")
  }
  static var multiFactor: Flag<[String]> {
    Flag("mfa", variable: "VAULT_MFA", "Second factor of a login, as METHOD[:PASSCODE]. Repeatable.")
  }
  static var header: Flag<KeyedTexts> { Flag("header", "Header to send with requests. Repeatable.") }
  static var policyOverride: Flag<Bool> { Flag("policy-override", "Override soft-mandatory policies.") }
  static var unlockKey: Flag<String> { Flag("unlock-key", "Key that unlocks the API of a locked namespace.") }
  static var outputCurl: Flag<Bool> {
    Flag("output-curl-string", "Print the request as a command for curl instead of sending it.")
  }
  static var outputPolicy: Flag<Bool> {
    Flag("output-policy", "Print the policy that allows the request instead of sending it.")
  }
  static var nonInteractive: Flag<Bool> { Flag("non-interactive", "Never ask on the terminal.") }
  static var all: [any AnyFlag] {
    [
      address, agentAddress, authorityFile, authorityFolder, certificateFile, keyFile, serverName, skipVerify,
      disableRedirects, namespace, wrapTTL, multiFactor, header, policyOverride, unlockKey, outputCurl, outputPolicy,
      nonInteractive,
    ]
  }
}
