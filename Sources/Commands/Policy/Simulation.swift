internal import AccessPolicy
internal import JSONText

/// What policies would have said to the requests of a log, gathered by who asked for what.
struct Simulation {
  struct Change {
    let isAllowed: Bool
    let operation: AccessOperation
    let path: String
    let policies: [String]
    let reason: String
    let rules: [RuleReference]
    let example: String
    var count = 1
    var first: String
    var last: String
  }

  private struct Key: Hashable {
    let isAllowed: Bool
    let operation: String
    let path: String
    let policies: [String]
    let reason: String
  }

  /// More kinds of change than these are counted and not shown.
  private static let mostChanges = 10_000

  private(set) var requests = 0
  private(set) var unreadable = 0
  private(set) var ofRoot = 0
  private(set) var unchanged = 0
  private(set) var changes: [Change] = []
  private(set) var changesNotShown = 0
  private var places: [Key: Int] = [:]
  /// Why requests could not be judged, with how many.
  private(set) var notJudged: [String: Int] = [:]
  private var uses: [RuleReference: Set<String>] = [:]

  mutating func countUnreadable() { unreadable += 1 }
  mutating func countRoot() {
    requests += 1
    ofRoot += 1
  }

  mutating func cannotJudge(_ reason: String) {
    requests += 1
    notJudged[reason, default: 0] += 1
  }

  mutating func add(_ request: AuditedRequest, _ judgement: Judgement) {
    switch judgement {
    case .unknown(let reason): cannotJudge(reason)
    case .allowed(let rules):
      for rule in rules { uses[rule, default: []].insert(request.operation.rawValue) }
      count(request, isAllowed: true, "allowed now", rules)
    case .refused(let refusal, let rules): count(request, isAllowed: false, refusal.description, rules)
    case .missesSudo(let rules):
      count(
        request, isAllowed: false, "the path is protected, and the rule that decides does not grant \"sudo\"", rules)
    }
  }

  private mutating func count(
    _ request: AuditedRequest, isAllowed: Bool, _ reason: String, _ rules: [RuleReference]
  ) {
    requests += 1
    guard isAllowed != request.wasAllowed else {
      unchanged += 1
      return
    }
    let key = Key(
      isAllowed: isAllowed, operation: request.operation.rawValue, path: request.path, policies: request.policies,
      reason: reason)
    if let place = places[key] {
      changes[place].count += 1
      changes[place].last = request.time
    } else if changes.count < Self.mostChanges {
      places[key] = changes.count
      changes.append(
        Change(
          isAllowed: isAllowed, operation: request.operation, path: request.path, policies: request.policies,
          reason: reason, rules: rules, example: request.id, first: request.time, last: request.time))
    } else {
      changesNotShown += 1
    }
  }

  var denied: [Change] { changes.filter { !$0.isAllowed } }
  var allowed: [Change] { changes.filter(\.isAllowed) }

  /// A rule of which something was not needed by any request of the log.
  struct Unused {
    let rule: RuleReference
    /// What it grants and nobody used; all of it where the rule never granted anything.
    let capabilities: [String]
    let isWhole: Bool
  }

  /// `sudo` and `deny` leave no trace in a log and are not told about.
  func unused(_ rules: [RuleReference]) -> [Unused] {
    rules.compactMap { rule in
      let granted = rule.capabilities.filter { $0 != "sudo" && $0 != "deny" }
      let used = uses[rule] ?? []
      let left = granted.filter { !used.contains($0) }
      return left.isEmpty ? nil : Unused(rule: rule, capabilities: left, isWhole: used.isEmpty)
    }
  }
}
