internal import Client
internal import JSONText

/// One login: who goes where, and what ssh is called with.
struct SSHSession {
  let call: Invocation
  let command: SSHCommand
  let user: String
  let host: String
  /// What was written behind the destination.
  let passed: [String]

  init(_ call: Invocation, _ command: SSHCommand) throws(CommandFailure) {
    self.call = call
    self.command = command
    let destination = call.argument(0)
    if let at = destination.lastIndex(of: "@") {
      user = String(destination[..<at])
      host = String(destination[destination.index(after: at)...])
    } else {
      user = call.environment.variables["USER"] ?? call.environment.variables["LOGNAME"] ?? ""
      host = destination
    }
    // Either would be read as an option by ssh.
    guard !user.isEmpty, !host.isEmpty, !user.hasPrefix("-"), !host.hasPrefix("-") else {
      throw .local("The destination must be USER@HOST.")
    }
    passed = Array(call.arguments.dropFirst())
  }

  var mount: String { Invocation.trimmed(call[command.mountPoint]) }

  func role() throws(CommandFailure) -> String {
    let role = call[command.role]
    if role.isEmpty { throw .local("Say which role of the SSH engine to use: -role=NAME.") }
    return role
  }

  // MARK: Certificates

  func withCertificate() throws(CommandFailure) {
    let role = try role()
    let publicPath = call.environment.expanded(call[command.publicKeyPath])
    let publicKey: String
    do throws(FileError) {
      publicKey = String(decoding: try call.environment.files.read(publicPath).get(), as: UTF8.self)
    } catch { throw .local("failed to read public key: \(error)") }

    let client = try call.client()
    let principals = call[command.validPrincipals]
    var wish: JSONObject = [
      "public_key": .string(publicKey), "cert_type": "user",
      "valid_principals": .string(principals.isEmpty ? user : principals),
    ]
    let path = "\(mount)/sign/\(role)"
    let secret = try sign(client, path, &wish)
    if call[command.noExec] { return try call.output().secret(secret) }
    guard let signed = secret.data?["signed_key"]?.stringValue, !signed.isEmpty else {
      throw .remote("missing signed key in the server's answer")
    }

    let certificate = try temporary("cert.pub", signed)
    defer { remove(certificate) }
    var options = [
      "-i", call.environment.expanded(call[command.privateKeyPath]), "-o", "CertificateFile=\(certificate)",
    ]
    guard !call[command.hostKeyMountPoint].isEmpty else {
      return try connect(options + hostOptions(checking: call[command.hostKeyChecking]))
    }
    let knownHosts = try temporary("known_hosts", try authorityLine(client))
    defer { remove(knownHosts) }
    options += ["-o", "UserKnownHostsFile=\(knownHosts)", "-o", "StrictHostKeyChecking=yes"]
    try connect(options)
  }

  private static let extensions: JSONValue = [
    "permit-X11-forwarding": "", "permit-agent-forwarding": "", "permit-port-forwarding": "", "permit-pty": "",
    "permit-user-rc": "",
  ]

  /// Asks for all that a person at a terminal uses. A role that does not let requests choose has its own choice, which
  /// is asked for then.
  private func sign(
    _ client: APIClient, _ path: String, _ wish: inout JSONObject
  ) throws(CommandFailure) -> Secret {
    let plain = wish
    wish["extensions"] = Self.extensions
    let whole = wish
    var answer: Secret?
    do throws(CommandFailure) {
      answer = try call.attempt { () throws(APIError) in try client.put(path, whole) }
    } catch {
      guard error.status == 2, error.message.contains("extensions") else {
        throw CommandFailure(
          status: error.status, error.message.isEmpty ? "" : "failed to sign public key \(path): \(error.message)")
      }
      answer = try call.attempt("failed to sign public key \(path)") { () throws(APIError) in
        try client.put(path, plain)
      }
    }
    guard let answer else { throw .remote("failed to sign public key \(path): the server's answer is empty") }
    return answer
  }

  /// A line for a `known_hosts` file that trusts what the engine signed.
  private func authorityLine(_ client: APIClient) throws(CommandFailure) -> String {
    let path = Invocation.trimmed(call[command.hostKeyMountPoint]) + "/public_key"
    let answer = try call.attempt("failed to get host signing key") { () throws(APIError) in
      try client.raw(APIRequest("GET", path))
    }
    let key = String(decoding: answer.body, as: UTF8.self).split(whereSeparator: \.isNewline).first ?? ""
    let names = call[command.hostKeyHostnames]
    guard !key.isEmpty else { throw .remote("failed to get host signing key: the server's answer is empty") }
    guard !names.contains(where: \.isWhitespace) else {
      throw .local("-host-key-hostnames must be names with commas between them.")
    }
    return "@cert-authority \(names) \(key)\n"
  }

  // MARK: Passwords

  func withPassword() throws(CommandFailure) {
    let role = try role()
    guard let address = call.environment.resolveAddress(host) else { throw .local("failed to resolve \(host)") }
    let client = try call.client()
    let wish: JSONObject = ["username": .string(user), "ip": .string(address)]
    let secret = try call.attempt("failed to generate credential") { () throws(APIError) in
      try client.put("\(mount)/creds/\(role)", wish)
    }
    guard let secret, let password = secret.data?["key"]?.stringValue, !password.isEmpty else {
      throw .remote("failed to generate credential: the server's answer has no password")
    }
    if call[command.noExec] { return try call.output().secret(secret) }

    var options = hostOptions(checking: call[command.hostKeyChecking])
    if let port = secret.data?["port"]?.int64Value, port != 22, !namesPort {
      options += ["-p", "\(port)"]
    }
    var variables = call.environment.variables
    // In its environment, because others on the machine see arguments.
    variables["SSHPASS"] = password
    let ssh = options + ["\(user)@\(host)"] + passed
    switch call.environment.runAttached("sshpass", ["-e", "ssh"] + ssh, variables) {
    case .success(let status): try end(status)
    case .failure(let error):
      guard error.isAbsence else { throw .local("\(error)") }
      call.environment.writeError("OTP for the session is: \(password)")
      call.environment.writeError("[Note: install \"sshpass\" to have it typed]")
      try connect(options)
    }
  }

  /// Whether ssh is told a port already; of two, it would take ours, which comes first.
  private var namesPort: Bool {
    passed.contains { $0.hasPrefix("-p") || $0.lowercased().hasPrefix("port=") || $0.lowercased().hasPrefix("-oport") }
  }

  // MARK: Calling ssh

  private func hostOptions(checking: String) -> [String] {
    var options: [String] = []
    let file = call[command.knownHostsFile]
    if !file.isEmpty { options += ["-o", "UserKnownHostsFile=\(call.environment.expanded(file))"] }
    if !checking.isEmpty { options += ["-o", "StrictHostKeyChecking=\(checking)"] }
    return options
  }

  private func connect(_ options: [String]) throws(CommandFailure) {
    let arguments = options + ["\(user)@\(host)"] + passed
    switch call.environment.runAttached("ssh", arguments, call.environment.variables) {
    case .success(let status): try end(status)
    case .failure(let error): throw .local("failed to run ssh: \(error)")
    }
  }

  /// Ends as ssh ended.
  private func end(_ status: Int32) throws(CommandFailure) {
    if status != 0 { throw CommandFailure(status: status) }
  }

  private func temporary(_ kind: String, _ text: String) throws(CommandFailure) -> String {
    let folder = call.environment.variables["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    let path = "\(folder)/coffer-ssh-\(call.environment.random.base62(20))-\(kind)"
    if case .failure(let error) = call.environment.files.write(path, Array(text.utf8), 0o600) {
      throw .local("\(error)")
    }
    return path
  }

  private func remove(_ path: String) { _ = call.environment.files.remove(path) }
}
