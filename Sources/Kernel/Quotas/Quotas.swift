internal import EngineAPI
package import JSONText
internal import Primitives
package import StorageAPI
internal import Synchronization

/// The rules that limit requests. Where there are none, a request pays for one look at a flag.
package final class Quotas: Sendable {
  /// What `sys/quotas/config` sets.
  package struct Configuration: Sendable, Equatable {
    package var exemptPaths = Configuration.usualExemptPaths
    package var absoluteExemptPaths: [String]?
    package var auditsRefusals = false
    package var showsHeaders = false

    package static let usualExemptPaths = [
      "sys/generate-recovery-token/attempt", "sys/generate-recovery-token/update", "sys/generate-root/attempt",
      "sys/generate-root/update", "sys/health", "sys/seal-status", "sys/unseal",
    ]

    package init() {}

    package var shown: JSONObject {
      [
        "absolute_rate_limit_exempt_paths": absoluteExemptPaths.map { .strings($0) } ?? .null,
        "enable_rate_limit_audit_logging": .bool(auditsRefusals),
        "enable_rate_limit_response_headers": .bool(showsHeaders), "rate_limit_exempt_paths": .strings(exemptPaths),
      ]
    }

    init(record: JSONObject) {
      self.init()
      if let paths = record["rate_limit_exempt_paths"]?.arrayValue { exemptPaths = paths.compactMap(\.stringValue) }
      absoluteExemptPaths = record["absolute_rate_limit_exempt_paths"]?.arrayValue.map { $0.compactMap(\.stringValue) }
      auditsRefusals = record["enable_rate_limit_audit_logging"] == true
      showsHeaders = record["enable_rate_limit_response_headers"] == true
    }

    func exempts(_ path: String) -> Bool {
      func covers(_ pattern: String) -> Bool {
        pattern.hasSuffix("*") ? path.utf8.starts(with: pattern.utf8.dropLast()) : path == pattern
      }
      return exemptPaths.contains(where: covers) || absoluteExemptPaths?.contains(where: covers) == true
    }
  }

  /// A rule with its counts, in parts so that clients seldom wait for one another.
  private final class Limiter: Sendable {
    let rule: RateLimit
    private let parts: [Locked<[String: RateLimit.Count]>]
    private static let largestPart = 4096

    init(_ rule: RateLimit) {
      self.rule = rule
      parts = (0..<16).map { _ in Locked([:]) }
    }

    func take(_ client: String, now: UInt64) -> RateLimit.Verdict {
      let key = rule.grouping == .address ? client : ""
      let part = parts[Int(UInt(bitPattern: key.hashValue) % UInt(parts.count))]
      return part.withLock { counts in
        if counts.count >= Self.largestPart { counts = counts.filter { !rule.isOver($0.value, now: now) } }
        return rule.take(&counts[key, default: RateLimit.Count(start: now)], now: now)
      }
    }
  }

  private struct Published: Sendable {
    var limiters: [Limiter] = []
    var configuration = Configuration()
  }

  private let store: any LogicalStore
  private let published: Locked<Published>
  private let hasRules = Atomic(false)
  /// Changes are made one at a time.
  private let changing = Serial(())

  package init(store: any LogicalStore) throws {
    self.store = store
    var published = Published()
    for name in try store.list(StoragePaths.quotas, after: nil, limit: .max) {
      guard let stored = try store.get(StoragePaths.quotas + name) else { continue }
      guard let record = try? JSONParser.parse(stored.bytes), let rule = RateLimit(record: record) else {
        throw StoreError.damaged("a rate limit's record cannot be read")
      }
      published.limiters.append(Limiter(rule))
    }
    if let stored = try store.get(StoragePaths.quotaConfiguration),
      let record = try JSONParser.parse(stored.bytes).objectValue
    {
      published.configuration = Configuration(record: record)
    }
    published.limiters.sort { $0.rule.rank > $1.rule.rank }
    hasRules.store(!published.limiters.isEmpty, ordering: .releasing)
    self.published = Locked(published)
  }

  // MARK: Rules

  /// By name.
  package var rules: [RateLimit] { published.withLock { $0.limiters.map(\.rule) }.sorted { $0.name < $1.name } }

  package var configuration: Configuration { published.withLock { $0.configuration } }

  package func rule(_ name: String) -> RateLimit? { rules.first { $0.name == name } }

  /// - Throws: 400 where another rule is for the same requests.
  package func set(_ rule: RateLimit) throws {
    try changing.withTurn { (_) throws in
      if let twin = rules.first(where: { $0.isTwin(of: rule) }) {
        throw EngineError.invalid("quota rule with similar properties exists under the name \"\(twin.name)\"")
      }
      var batch = WriteBatch()
      batch.put(StoragePaths.quotas + rule.name, JSONText(rule.record).bytes)
      _ = try store.commit(batch)
      publish { limiters in
        limiters.removeAll { $0.rule.name == rule.name }
        limiters.append(Limiter(rule))
      }
    }
  }

  package func remove(_ name: String) throws {
    try changing.withTurn { (_) throws in
      guard rule(name) != nil else { return }
      var batch = WriteBatch()
      batch.delete(StoragePaths.quotas + name)
      _ = try store.commit(batch)
      publish { $0.removeAll { $0.rule.name == name } }
    }
  }

  private func publish(_ change: (inout [Limiter]) -> Void) {
    published.withLock { published in
      change(&published.limiters)
      published.limiters.sort { $0.rule.rank > $1.rule.rank }
      hasRules.store(!published.limiters.isEmpty, ordering: .releasing)
    }
  }

  package func configure(_ edit: (inout Configuration) -> Void) throws {
    try changing.withTurn { (_) throws in
      var next = configuration
      edit(&next)
      var batch = WriteBatch()
      batch.put(StoragePaths.quotaConfiguration, JSONText(next.shown).bytes)
      _ = try store.commit(batch)
      published.withLock { $0.configuration = next }
    }
  }

  // MARK: Requests

  struct Finding {
    var verdict: RateLimit.Verdict
    var configuration: Configuration
  }

  /// Counts a request; nil where no rule is for it.
  func count(
    path: String, mount: String, rest: String, client: String, role: () -> String, now: UInt64
  ) -> Finding? {
    guard hasRules.load(ordering: .acquiring) else { return nil }
    let known = published.withLock { $0 }
    guard !known.configuration.exempts(path),
      let limiter = known.limiters.first(where: { $0.rule.covers(mount: mount, rest: rest, role: role) })
    else { return nil }
    return Finding(verdict: limiter.take(client, now: now), configuration: known.configuration)
  }
}
