internal import Client
internal import JSONText
internal import Primitives

struct PolicyExplainCommand: Command {
  let words = ["policy", "explain"]
  let synopsis = "Tell why a request is allowed or refused"
  let usage = "OPERATION PATH [KEY=VALUE…]"
  let details = """
    Names the policies that were looked at, the rule that decides and why it does, what is missing, and the smallest rule
    that would allow the request. OPERATION is read, list, create, update, patch or delete; KEY=VALUE are the request's
    parameters. Without -token, -accessor, -policy and -request it is about the caller's own token, for which no more is
    needed than the right to update sys/policies/explain-self; the others need sudo.

        $ coffer policy explain read secret/data/team/db
        $ coffer policy explain -accessor=8609694a-cdbc-db9b-d345-e782dbb562ed update secret/data/team/db
        $ coffer policy explain -policy=team -policy=default list secret/metadata/team

    A refused request's id stands in the header X-Vault-Request-Id of its answer; the last thousand or so are remembered.

        $ coffer policy explain -request=0ac3ca3b-6e8f-0d5f-2f0c-2cc2f3b6ad1e
    """
  let arity = Arity.atLeast(0)
  let takesData = true
  let shares: SharedFlags = [.client, .format]
  private let token = Flag<String>("token", "Token to ask about; \"-\" reads it from standard input.")
  private let accessor = Flag<String>("accessor", "Accessor of the token to ask about.")
  private let policies = Flag<[String]>("policy", "Policy to ask about instead of a token. Repeatable.")
  private let entity = Flag<String>("entity-id", "Entity whose values fill templates, with -policy.")
  private let wrapping = Flag<String>("wrapping-ttl", "Wrapping that the request in question asks for.")
  private let request = Flag<String>("request", "Id of a request that was refused.")
  var flags: [any AnyFlag] { [token, accessor, policies, entity, wrapping, request] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let subjects = [call.isSet(token), call.isSet(accessor), call.isSet(policies), call.isSet(request)]
    if subjects.count(where: { $0 }) > 1 {
      throw .local("Only one of -token, -accessor, -policy and -request can be given")
    }
    if call.isSet(request) { return try explainDenial(call, output) }
    guard call.arguments.count >= 2 else {
      throw .local("Not enough arguments (expected an operation and a path, got \(call.arguments.count))")
    }
    let client = try call.client()
    var body: JSONObject = ["operation": .string(call.argument(0)), "path": .string(call.path(1))]
    let parameters = try DataArguments.parse(call.arguments.dropFirst(2), call.environment)
    if !parameters.isEmpty { body["parameters"] = .object(parameters) }
    if !call[wrapping].isEmpty { body["wrap_ttl"] = .string(call[wrapping]) }
    var path = "sys/policies/explain"
    if call.isSet(token) {
      let typed = call[token]
      let text = typed == "-" ? String(decoding: call.environment.readInput(), as: UTF8.self) : typed
      body["token"] = .string(Invocation.trimmed(text))
    } else if call.isSet(accessor) {
      body["accessor"] = .string(call[accessor])
    } else if call.isSet(policies) {
      body["policies"] = .strings(call[policies])
      if !call[entity].isEmpty { body["entity_id"] = .string(call[entity]) }
    } else {
      path = "sys/policies/explain-self"
    }
    let secret = try call.attempt("Error asking for an explanation") { () throws(APIError) in
      try client.post(path, body)
    }
    let data = secret?.data ?? [:]
    if !output.isTable { return output.structured(.object(data)) }
    if let secret { output.warnings(of: secret) }
    for line in ExplanationText.lines(data) { output.line(line) }
  }

  private func explainDenial(_ call: Invocation, _ output: Output) throws(CommandFailure) {
    if !call.arguments.isEmpty {
      throw .local("Too many arguments (expected 0 with -request, got \(call.arguments.count))")
    }
    let client = try call.client()
    let id = Invocation.trimmed(call[request])
    let secret = try call.attempt("Error asking for an explanation") { () throws(APIError) in
      try client.read("sys/policies/explain/\(id)")
    }
    guard let data = secret?.data else { throw .remote("No refused request of that id is remembered") }
    if !output.isTable { return output.structured(.object(data)) }
    let names = ["time", "display_name", "accessor", "entity_id", "remote_address", "operation", "path", "reason"]
    output.line(Table.keyValue(names.map { ($0, data[$0]?.stringValue ?? "") }))
    if data["policies_changed"] == true {
      output.line("\nPolicies have been changed since: what follows is as it would be now.")
    }
    guard let explanation = data["explanation"]?.objectValue else { return }
    output.line("")
    for line in ExplanationText.lines(explanation) { output.line(line) }
  }
}
