internal import Client
internal import JSONText
internal import Primitives

struct TokenCreateCommand: Command {
  let words = ["token", "create"]
  let synopsis = "Make a token"
  let details = """
    Makes a child of the token in use, which ends with it unless -orphan is given. Without -policy the child gets the
    same policies.

        $ coffer token create -policy=team -ttl=1h
        $ coffer token create -role=ci -metadata=pipeline=42
    """
  let shares: SharedFlags = [.client, .format, .field]
  private let id = Flag<String>("id", "The token itself, for root tokens only. Made up where not given.")
  private let displayName = Flag<String>("display-name", "A name for lists and logs.")
  private let ttl = Flag<TimeSpan>("ttl", "How long it lives until it is renewed.")
  private let maxTTL = Flag<TimeSpan>("explicit-max-ttl", "How long it lives at most, whatever is renewed.")
  private let period = Flag<TimeSpan>("period", "Make it periodic: renewed within this time it never ends.")
  private let renewable = Flag<Bool>("renewable", default: true, "Whether it can be renewed.")
  private let orphan = Flag<Bool>("orphan", "Make it without a parent.")
  private let noDefault = Flag<Bool>("no-default-policy", "Leave out the policy \"default\".")
  private let uses = Flag<Int64>("use-limit", default: 0, "How many requests it is good for; 0 for any number.")
  private let role = Flag<String>("role", "The token role to make it with.")
  private let type = Flag<String>("type", default: "service", "\"service\" or \"batch\".")
  private let metadata = Flag<KeyedTexts>("metadata", "A note for the audit log, as KEY=VALUE. Repeatable.")
  private let policies = Flag<[String]>("policy", "A policy of the token. Repeatable.")
  private let alias = Flag<String>("entity-alias", "The entity alias to tie it to, with -role.")
  var flags: [any AnyFlag] {
    [
      id, displayName, ttl, maxTTL, period, renewable, orphan, noDefault, uses, role, type, metadata, policies, alias,
    ]
  }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    var body = JSONObject()
    func texts(_ flag: Flag<String>, _ name: String) {
      if let text = call.given(flag), !text.isEmpty { body[name] = .string(text) }
    }
    func times(_ flag: Flag<TimeSpan>, _ name: String) {
      if let time = call.given(flag) { body[name] = .string(time.goDescription) }
    }
    texts(id, "id")
    texts(displayName, "display_name")
    texts(alias, "entity_alias")
    times(ttl, "ttl")
    times(maxTTL, "explicit_max_ttl")
    times(period, "period")
    if !call[policies].isEmpty { body["policies"] = .strings(call[policies]) }
    let notes = call[metadata].entries
    if !notes.isEmpty { body["meta"] = .object(JSONObject(notes.map { ($0.key, JSONValue.string($0.value)) })) }
    if call[orphan] { body["no_parent"] = true }
    if call[noDefault] { body["no_default_policy"] = true }
    if call[uses] > 0 { body["num_uses"] = .int(call[uses]) }
    // A batch token can never be renewed, so there the default would be a contradiction.
    if call.isSet(renewable) || call[type] != "batch" { body["renewable"] = .bool(call[renewable]) }
    body["type"] = .string(call[type])
    let client = try call.client()
    let path = call[role].isEmpty ? "auth/token/create" : "auth/token/create/\(call[role])"
    let secret = try call.attempt("Error creating token") { () throws(APIError) in try client.post(path, body) }
    guard let secret else { throw .remote("Error creating token: the answer is empty") }
    try output.secret(secret)
  }
}
