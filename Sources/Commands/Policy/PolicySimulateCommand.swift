internal import AccessPolicy
internal import Client
internal import JSONText

struct PolicySimulateCommand: Command {
  let words = ["policy", "simulate"]
  let synopsis = "Tell what changed policies would have done to the requests of an audit log"
  let details = """
    Asks the policies about every request in the log: which would be refused now, which would be allowed, and what of the
    policies given with -policy no request needed. Policies that are not given are those that are built in or, with -server,
    those of the server. The log's paths and parameter names are clear; parameter values are digests, so that a rule which
    compares them cannot be judged. What was not judged is counted.

        $ coffer policy simulate -audit=/var/log/coffer/audit.log -policy=team=team.hcl -server

    The exit status is 0 where no request that was allowed would be refused, 2 where one would, and 1 where the log or a
    policy cannot be used.
    """
  let shares: SharedFlags = [.client, .format]
  private let logs = Flag<[String]>("audit", "File of an audit device. Repeatable.")
  private let given = Flag<KeyedTexts>("policy", "Policy and the file with its text, as NAME=FILE. Repeatable.")
  private let server = Flag<Bool>("server", "Read policies that are not given, and entities, from the server.")
  var flags: [any AnyFlag] { [logs, given, server] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    if call[logs].isEmpty { throw .local("An audit log is missing: give it with -audit=FILE") }
    var judge = LogJudge(client: call[server] ? try call.client() : nil)
    for (name, file) in call[given].entries { try judge.policies.add(name.lowercased(), file: file, call) }
    var simulation = Simulation()
    for path in call[logs] { try judge.judge(logAt: path, &simulation, call) }
    var unused: [Simulation.Unused] = []
    for (name, _) in call[given].entries {
      guard case .policy(let policy) = try judge.policies.find(name.lowercased(), call) else { continue }
      unused += simulation.unused(PolicySet([policy]).rules(of: policy.name))
    }
    let report = SimulationReport(simulation: simulation, unused: unused)
    if output.isTable { for line in report.lines { output.line(line) } } else { output.structured(report.json) }
    if !simulation.denied.isEmpty { throw CommandFailure(status: 2) }
  }
}

/// Puts the requests of a log to the policies. Sets of policies are made once for each list of names and entity.
private struct LogJudge {
  private struct Known {
    let set: PolicySet
    let unknown: String?
  }

  /// Sets and entities that are kept for the requests to come.
  private static let mostRemembered = 4096

  var policies: KnownPolicies
  private let client: APIClient?
  private var sets: [String: Known] = [:]
  private var subjects: [String: TemplateSubject?] = [:]

  init(client: APIClient?) {
    self.client = client
    policies = KnownPolicies(client: client)
  }

  /// Memory does not grow with the log, but with what is to be told of it.
  mutating func judge(logAt path: String, _ simulation: inout Simulation, _ call: Invocation) throws(CommandFailure) {
    var failure: CommandFailure?
    try call.environment.lines(of: path) { line in
      switch line {
      case .whole(let bytes) where bytes.isEmpty: return true
      case .whole(let bytes), .unfinished(let bytes):
        switch AuditedRequest.read(bytes) {
        case .unreadable: simulation.countUnreadable()
        case .other: break
        case .request(let request):
          do throws(CommandFailure) { try judge(request, &simulation, call) } catch { failure = error }
        }
      case .tooLong: simulation.countUnreadable()
      }
      return failure == nil
    }
    if let failure { throw failure }
  }

  private mutating func judge(
    _ request: AuditedRequest, _ simulation: inout Simulation, _ call: Invocation
  ) throws(CommandFailure) {
    if request.policies == ["root"] { return simulation.countRoot() }
    if OpenPaths.contains(Invocation.trimmed(request.path)) { return simulation.add(request, .allowed([])) }
    let known = try set(request, call)
    if let name = known.unknown {
      return simulation.cannotJudge("the policy \"\(name)\" is not known: give it with -policy, or use -server")
    }
    let question = AccessQuestion(
      request.operation, path: request.path, parameters: request.parameters, wrapTTL: request.wrapTTL,
      needsSudo: RequestInWords.needsSudo(
        Invocation.trimmed(request.path), isList: request.operation == .list))
    simulation.add(
      request, known.set.judge(question, isHidden: AuditedRequest.isHidden, knowsSubject: request.entityID.isEmpty))
  }

  private mutating func set(_ request: AuditedRequest, _ call: Invocation) throws(CommandFailure) -> Known {
    let key = request.policies.joined(separator: "\0") + "\0\0" + request.entityID
    if let known = sets[key] { return known }
    var found: [Policy] = []
    var absent: [String] = []
    var unknown: String?
    for name in request.policies where name != "root" {
      switch try policies.find(name, call) {
      case .policy(let policy): found.append(policy)
      case .absent: absent.append(name)
      case .unknown: unknown = unknown ?? name
      }
    }
    let known = Known(
      set: PolicySet(found, absent: absent, subject: try subject(request.entityID, call)), unknown: unknown)
    if sets.count >= Self.mostRemembered { sets = [:] }
    sets[key] = known
    return known
  }

  /// The entity as it is now; its groups are not read, so that rules that speak of them are not judged.
  private mutating func subject(_ id: String, _ call: Invocation) throws(CommandFailure) -> TemplateSubject? {
    guard let client, !id.isEmpty else { return nil }
    if let known = subjects[id] { return known }
    let secret = try call.attempt("Error reading entity \(id)") { () throws(APIError) in
      try client.read("identity/entity/id/\(id)")
    }
    var subject: TemplateSubject?
    if let data = secret?.data {
      subject = TemplateSubject(
        entityID: id, entityName: data["name"]?.stringValue ?? "", metadata: Self.texts(data["metadata"]))
      for alias in data["aliases"]?.arrayValue ?? [] {
        subject?.aliases.append(
          TemplateSubject.Alias(
            mountAccessor: alias["mount_accessor"]?.stringValue ?? "", id: alias["id"]?.stringValue ?? "",
            name: alias["name"]?.stringValue ?? "", metadata: Self.texts(alias["metadata"]),
            customMetadata: Self.texts(alias["custom_metadata"])))
      }
    }
    if subjects.count >= Self.mostRemembered { subjects = [:] }
    subjects[id] = .some(subject)
    return subject
  }

  private static func texts(_ value: JSONValue?) -> [String: String] {
    var out: [String: String] = [:]
    for member in value?.objectValue?.members ?? [] { out[member.name] = member.value.stringValue }
    return out
  }
}
