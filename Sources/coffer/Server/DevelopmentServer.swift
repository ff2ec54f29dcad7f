internal import Commands
internal import EngineAPI
internal import Gateway
internal import Glibc
internal import HTTPServer
internal import Kernel
internal import Logging
internal import MemoryStore
internal import Primitives
internal import SecretMemory
internal import ServerConfiguration
internal import ShamirSeal

/// `coffer server -dev`: in memory, initialised and unsealed at the start, KV at `secret/`.
struct DevelopmentServer {
  private let call: Invocation

  init(_ call: Invocation) { self.call = call }

  func plan() throws -> ServerPlan {
    let address =
      call.given(ServerCommand.devAddress) ?? call.environment.variables["VAULT_DEV_LISTEN_ADDRESS"] ?? "127.0.0.1:8200"
    guard let (host, port) = Self.split(address) else {
      throw CommandFailure.local("Invalid -dev-listen-address: \(address)")
    }
    let certificate =
      call[ServerCommand.devTLS]
      ? try DevelopmentCertificate(
        folder: call[ServerCommand.devCertificateFolder], names: [host] + call[ServerCommand.devNames],
        files: call.environment.files)
      : nil
    let shown = (certificate == nil ? "http" : "https") + "://" + address
    var settings = NodeSettings(version: Version.number, buildDate: Version.buildDate, storageType: "inmem")
    settings.apiAddress = shown
    settings.clusterAddress = "https://\(host.contains(":") ? "[\(host)]" : host):\(port + 1)"
    settings.clusterName = "coffer-dev"
    settings.hostname = HostName.current
    settings.sanitizedConfiguration = configuration(host, port, settings, certificate).sanitized
    let tls = certificate.map { TLSSettings(certificateFile: $0.certificateFile, keyFile: $0.keyFile) }
    var plan = ServerPlan(
      settings: settings, seal: SealParts.shamir, openStore: { _ in (MemoryStore(), nil) },
      listeners: [
        .init(
          http: ListenerSettings(address: .tcp(host: host, port: port), tls: tls), behaviour: ListenerBehaviour())
      ])
    plan.summary = [
      ("Api Address", shown),
      ("Listener 1", "tcp (addr: \"\(address)\", tls: \"\(tls == nil ? "disabled" : "enabled")\")"),
      ("Log Level", plan.log.level.rawValue), ("Storage", "inmem"), ("Version", "Coffer v\(Version.number)"),
    ]
    plan.prepare = { node, say in try prepare(node, address: shown, certificate: certificate, say) }
    return plan
  }

  private func prepare(
    _ node: Node, address: String, certificate: DevelopmentCertificate?, _ say: (String) -> Void
  ) throws {
    var request = InitializationRequest(
      unseal: ShareConfiguration(shares: 1, threshold: 1), recovery: ShareConfiguration(shares: 0, threshold: 0))
    let given = call.given(ServerCommand.devRootToken) ?? call.environment.variables["VAULT_DEV_ROOT_TOKEN_ID"] ?? ""
    request.rootTokenID = given.isEmpty ? nil : given
    if !call[ServerCommand.devNoKV] {
      request.extraMounts = [
        BuiltinMounts.entry(.secret, "secret/", "kv", "key/value secret storage", random: .system) {
          $0.options = ["version": call[ServerCommand.devPlainKV] ? "1" : "2"]
        }
      ]
    }
    let result = try node.initialize(request)
    guard let key = result.unsealShares.first else { return }
    try node.unseal(share: key)
    if !call[ServerCommand.devNoStoreToken] {
      _ = call.environment.files.write(
        (call.environment.variables["HOME"] ?? ".") + "/.vault-token", Array(result.rootToken.utf8), 0o600)
    }
    say(
      """
      WARNING! dev mode is enabled! In this mode, Coffer runs entirely in-memory
      and starts unsealed with a single unseal key. Everything is gone when it stops.

      You may need to set the following environment variables:

          $ export VAULT_ADDR='\(address)'
      """)
    if let certificate { say("    $ export VAULT_CACERT='\(certificate.authorityFile)'") }
    say(
      """

      The unseal key and root token are displayed below in case you want to
      seal/unseal Coffer or re-authenticate.

      Unseal Key: \(key.withBytes { Base64.encode($0) })
      Root Token: \(result.rootToken)

      Development mode should NOT be used in production installations!

      """)
  }

  /// What a file would have to say for a server like this one.
  private func configuration(
    _ host: String, _ port: Int, _ settings: NodeSettings, _ certificate: DevelopmentCertificate?
  ) -> ServerConfiguration {
    var listener = ListenerConfiguration(address: .tcp(host: host, port: port))
    listener.tls = certificate.map { TLSConfiguration(certificateFile: $0.certificateFile, keyFile: $0.keyFile) }
    var configuration = ServerConfiguration(listeners: [listener], storage: .memory)
    configuration.apiAddress = settings.apiAddress
    configuration.clusterAddress = settings.clusterAddress
    configuration.clusterName = settings.clusterName
    configuration.disableMlock = true
    return configuration
  }

  /// `host:port`, with brackets around an IPv6 host.
  static func split(_ address: String) -> (host: String, port: Int)? {
    guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]),
      (0...65535).contains(port)
    else { return nil }
    var host = address[..<colon]
    if host.hasPrefix("[") && host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    return (String(host), port)
  }
}

enum HostName {
  static var current: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
