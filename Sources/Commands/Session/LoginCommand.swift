internal import Client
internal import JSONText

struct LoginCommand: Command {
  let words = ["login"]
  let synopsis = "Log in and keep the token for later commands"
  let usage = "[TOKEN | K=V ...]"
  let details = """
    Logs in with a token, or with the auth method that -method names, and stores the token in ~/.vault-token or with the
    helper program that ~/.vault names. "auth help TYPE" tells what a method wants.

        $ coffer login
        $ coffer login -method=userpass username=mona
        $ coffer login -method=approle -path=ci role_id=… secret_id=…
    """
  let arity = Arity.atLeast(0)
  let takesData = true
  let shares: SharedFlags = [.client, .format, .field]
  private let method = Flag<String>("method", default: "token", "Type of the auth method.")
  private let path = Flag<String>("path", "Where the method is mounted, below auth/.")
  private let noStore = Flag<Bool>("no-store", "Do not keep the token.")
  private let noPrint = Flag<Bool>("no-print", "Print nothing.")
  private let tokenOnly = Flag<Bool>("token-only", "Print the token and nothing else, and do not keep it.")
  var flags: [any AnyFlag] { [method, path, noStore, noPrint, tokenOnly] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let stores = !call[noStore] && !call[tokenOnly]
    if !stores && call[noPrint] { throw .local("-no-store and -no-print cannot be used together") }
    guard let method = LoginMethod(name: call[method].lowercased()) else {
      throw .local("Unknown auth method: \(call[method]). Methods that can log in here: \(LoginMethod.names)")
    }
    if !output.field.isEmpty && call[noPrint] { throw .local("-field and -no-print cannot be used together") }
    let found =
      method == .token
      ? try Self.token(call, verifies: !call[tokenOnly])
      : try other(call, method)
    guard var secret = found else { throw .remote("Vault returned an empty secret") }
    if secret.wrapInfo != nil { return try output.secret(secret) }
    if secret.auth?.multiFactor != nil {
      guard let finished = try MultiFactorLogin.finish(call, secret) else {
        try output.secret(secret)
        return MultiFactorLogin.explain(call, output)
      }
      secret = finished
    }
    guard let auth = secret.auth, !auth.clientToken.isEmpty else {
      throw .remote("Error authenticating: the answer holds no token")
    }
    if stores {
      try TokenStore(call.environment).store(auth.clientToken)
      if call.environment.variables["VAULT_TOKEN"]?.isEmpty == false {
        call.warn(
          "WARNING! VAULT_TOKEN is set and comes before the token that was just stored. Unset it to use the new one.\n")
      }
    }
    if call[noPrint] { return }
    if call[tokenOnly] { return try output.value(of: "token", in: secret) }
    if !output.field.isEmpty { return try output.secret(secret) }
    if output.isTable {
      output.line("Success! You are logged in.")
      output.line(
        stores
          ? "The token below is stored. Later commands use it by themselves.\n"
          : "The token below was not stored. Set VAULT_TOKEN to use it.\n")
    }
    try output.secret(secret)
  }

  /// A token that somebody has already, looked up so that a wrong one is noticed now.
  private static func token(_ call: Invocation, verifies: Bool) throws(CommandFailure) -> Secret? {
    var token = ""
    let first = call.argument(0)
    if call.arguments.count > 1 { throw .local("Too many arguments (expected 1, got \(call.arguments.count))") }
    if first == "-" {
      token = String(decoding: call.environment.readInput(), as: UTF8.self)
    } else if first.hasPrefix("token=") {
      token = String(first.dropFirst(6))
    } else if !first.isEmpty {
      token = first
    } else {
      token = try LoginPrompt.ask(call, "Token (will be hidden)") ?? ""
    }
    token = String(token.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    if token.isEmpty { throw .remote("Error authenticating: a token must be passed to login") }
    var secret = Secret()
    var client = try call.client(withToken: false)
    client.configuration.token = token
    var data = JSONObject()
    if verifies {
      let found = try call.attempt("Error authenticating: error looking up token") { () throws(APIError) in
        try client.secret(APIRequest("GET", "auth/token/lookup-self"))
      }
      if found?.wrapInfo != nil { return found }
      data = found?.data ?? [:]
    }
    let own = data["policies"]?.arrayValue?.compactMap(\.stringValue) ?? []
    let identity = data["identity_policies"]?.arrayValue?.compactMap(\.stringValue) ?? []
    var auth = Secret.Auth(clientToken: token)
    auth.accessor = data["accessor"]?.stringValue ?? ""
    auth.policies = Array(Set(own + identity)).sorted()
    auth.tokenPolicies = own
    auth.identityPolicies = identity
    auth.metadata = data["meta"]?.objectValue
    auth.orphan = data["orphan"]?.boolValue ?? false
    auth.entityID = data["entity_id"]?.stringValue ?? ""
    auth.leaseDuration = data["ttl"]?.int64Value ?? 0
    auth.renewable = data["renewable"]?.boolValue ?? false
    secret.auth = auth
    return secret
  }

  private func other(_ call: Invocation, _ method: LoginMethod) throws(CommandFailure) -> Secret? {
    let data = try DataArguments.parse(call.arguments, call.environment)
    let mount = call.given(path).map(Invocation.trimmed) ?? data["mount"]?.stringValue ?? method.mount
    var body = data
    body["mount"] = nil
    let below = mount.hasPrefix("auth/") ? String(mount.dropFirst(5)) : mount
    return try method.login(call, try call.client(withToken: false), mount: below, data: body)
  }
}
