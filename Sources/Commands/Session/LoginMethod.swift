internal import Client
internal import JSONText

/// How the command line logs in with a type of auth method.
enum LoginMethod: String, CaseIterable {
  case token, userpass, ldap, okta, radius, github, cert, approle, jwt, kubernetes

  init?(name: String) { self.init(rawValue: name) }

  /// Where such a method is mounted unless told otherwise.
  var mount: String { rawValue }

  static var names: String { allCases.map(\.rawValue).sorted().joined(separator: ", ") }

  /// Logs in with the data that was typed, asking for what is missing.
  func login(
    _ call: Invocation, _ client: APIClient, mount: String, data: JSONObject
  ) throws(CommandFailure) -> Secret? {
    var body = data
    var path = "auth/\(mount)/login"
    switch self {
    case .token: return nil
    case .userpass, .ldap, .okta, .radius:
      let variables = call.environment.variables
      let user = body["username"]?.stringValue ?? variables["LOGNAME"] ?? variables["USER"] ?? ""
      if user.isEmpty {
        throw .remote("Error authenticating: 'username' not supplied and neither 'LOGNAME' nor 'USER' is set")
      }
      body["username"] = nil
      if body["password"] == nil {
        guard let password = try LoginPrompt.ask(call, "Password (will be hidden)") else {
          throw .remote("Error authenticating: 'password' must be supplied")
        }
        body["password"] = .string(password)
      }
      path += "/\(user)"
    case .github:
      if body["token"] == nil, let token = call.environment.variables["VAULT_AUTH_GITHUB_TOKEN"], !token.isEmpty {
        body["token"] = .string(token)
      }
      if body["token"] == nil {
        guard let token = try LoginPrompt.ask(call, "GitHub personal access token (will be hidden)") else {
          throw .remote("Error authenticating: a GitHub token must be supplied")
        }
        body["token"] = .string(token)
      }
    case .approle:
      if body["role_id"] == nil { throw .remote("Error authenticating: 'role_id' must be supplied") }
    case .jwt:
      if body["jwt"] == nil {
        throw .remote("Error authenticating: 'jwt' must be supplied; logging in through a browser is not built yet")
      }
    case .kubernetes:
      if body["jwt"] == nil {
        let file = "/var/run/secrets/kubernetes.io/serviceaccount/token"
        guard case .success(let bytes) = call.environment.files.read(file) else {
          throw .remote("Error authenticating: 'jwt' not supplied and \(file) cannot be read")
        }
        body["jwt"] = .string(String(decoding: bytes, as: UTF8.self))
      }
    case .cert: break
    }
    return try call.attempt("Error authenticating") { () throws(APIError) in try client.put(path, body) }
  }

  func help(programName: String) -> String {
    let (what, data): (String, String) =
      switch self {
      case .token: ("a token that you already have", "TOKEN")
      case .userpass, .ldap, .okta, .radius: ("a user name and a password", "username=NAME [password=WORD]")
      case .github: ("a personal access token of GitHub", "token=TOKEN")
      case .cert: ("the TLS certificate of the connection", "[name=ROLE]")
      case .approle: ("a role id and a secret id", "role_id=ID secret_id=ID")
      case .jwt: ("a signed token of an identity provider", "role=ROLE jwt=TOKEN")
      case .kubernetes: ("the token of a Kubernetes service account", "role=ROLE [jwt=TOKEN]")
      }
    let flags =
      self == .token
      ? ""
      : self == .cert
        ? " -method=cert -client-cert=FILE -client-key=FILE" : " -method=\(rawValue)"
    var text = "Usage: \(programName) login\(flags) \(data)\n\n  Logs in with \(what)."
    if [.userpass, .ldap, .okta, .radius].contains(self) {
      text += " A password that is not given is asked for; password=- reads\n  it from standard input."
    }
    if self != .token { text += "\n  The method is looked for at auth/\(mount)/ unless -path says otherwise." }
    return text
  }
}

enum LoginPrompt {
  /// Nil where nobody may be asked, or nothing was answered.
  static func ask(_ call: Invocation, _ prompt: String) throws(CommandFailure) -> String? {
    if call[ClientFlags.nonInteractive] { return nil }
    if call.environment.isInputTerminal { call.environment.writeErrorBytes(Array("\(prompt): ".utf8)) }
    guard let line = call.environment.readLine(true) else { return nil }
    let text = String(line.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    return text.isEmpty ? nil : text
  }
}
