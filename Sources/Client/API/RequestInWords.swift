/// A request that is shown instead of sent.
package enum RequestInWords: Sendable {
  /// As a command for curl. The token is left to the shell, so that it stays out of histories and tickets.
  case curl(program: String)
  /// As the policy rule that allows it.
  case policy

  func text(_ request: HTTPRequest, path: String, isList: Bool, tls: TLSSettings) -> String {
    switch self {
    case .curl(let program): Self.curl(request, program: program, tls: tls)
    case .policy: Self.policy(request.method, path: path, isList: isList)
    }
  }

  private static func curl(_ request: HTTPRequest, program: String, tls: TLSSettings) -> String {
    var words = ["curl"]
    if request.method != "GET" { words += ["-X", request.method] }
    if case .unix(let path) = request.server.endpoint { words += ["--unix-socket", quoted(path)] }
    if tls.skipsVerification { words.append("--insecure") }
    if !tls.authorityFile.isEmpty { words += ["--cacert", quoted(tls.authorityFile)] }
    if !tls.authorityFolder.isEmpty { words += ["--capath", quoted(tls.authorityFolder)] }
    if !tls.certificateFile.isEmpty { words += ["--cert", quoted(tls.certificateFile)] }
    if !tls.keyFile.isEmpty { words += ["--key", quoted(tls.keyFile)] }
    for (name, value) in request.headers.sorted(by: { $0.name < $1.name }) {
      if name == "X-Vault-Token" {
        words += ["-H", "\"\(name): $(\(program) print token)\""]
      } else {
        let escaped = value.flatMap { "\\\"$`".contains($0) ? "\\\($0)" : String($0) }
        words += ["-H", "\"\(name): \(String(escaped))\""]
      }
    }
    if let body = request.body {
      let text = String(decoding: body, as: UTF8.self)
      words += [
        "-d", "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'"'"'"#) + "'",
      ]
    }
    return (words + [request.url]).joined(separator: " ")
  }

  private static func quoted(_ path: String) -> String {
    "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'"'"'"#) + "'"
  }

  private static func policy(_ method: String, path: String, isList: Bool) -> String {
    var capabilities: [String]
    switch method {
    case "GET": capabilities = [isList ? "list" : "read"]
    case "PUT", "POST": capabilities = ["create", "update"]
    default: capabilities = [method.lowercased()]
    }
    if needsSudo(path, isList: isList) { capabilities.append("sudo") }
    let list = capabilities.map { "\"\($0)\"" }.joined(separator: ", ")
    let shown = path.flatMap { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }
    return "path \"\(String(shown))\" {\n  capabilities = [\(list)]\n}"
  }

  /// The paths that the server's system and token engines guard with sudo.
  package static func needsSudo(_ path: String, isList: Bool) -> Bool {
    let exact = [
      "sys/remount", "sys/audit", "sys/raw", "sys/rotate", "sys/config/cors", "sys/leases", "sys/seal",
      "sys/step-down", "auth/token/revoke-orphan", "sys/policies/explain",
    ]
    if exact.contains(path) { return true }
    if isList && (path == "auth/token/accessors" || path.hasPrefix("sys/leases/lookup")) { return true }
    let below = [
      "sys/auth/", "sys/audit/", "sys/raw/", "sys/config/auditing/", "sys/config/ui/headers/", "sys/plugins/catalog/",
      "sys/plugins/runtimes/catalog/", "sys/revoke-prefix/", "sys/revoke-force/", "sys/leases/revoke-prefix/",
      "sys/leases/revoke-force/", "sys/policies/explain/", "sys/storage/raft/snapshot-auto/config/",
    ]
    return below.contains { path.hasPrefix($0) }
  }
}
