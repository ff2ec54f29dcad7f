internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI
internal import Synchronization

/// The rules that limit how many leases live, and their counts. Where there are none, whoever makes a lease pays for one
/// look at a flag, and nothing is held in memory.
package final class LeaseCounts: Sendable {
  /// Calls its argument for every lease that is stored.
  typealias Enumeration = @Sendable (_ lease: (_ id: String, _ path: String, _ role: String) -> Void) throws -> Void

  private let store: any LogicalStore
  private let mounts: MountTable
  private let tally = Locked(LeaseTally())
  private let hasRules = Atomic(false)
  /// Changes are made one at a time.
  private let changing = Serial<Enumeration?>(nil)

  init(store: any LogicalStore, mounts: MountTable) {
    self.store = store
    self.mounts = mounts
  }

  /// Reads the rules and, where there are any, counts what lives under them.
  func load(_ enumeration: @escaping Enumeration) throws {
    try changing.withTurn { known in
      known = enumeration
      var rules: [LeaseCount] = []
      for name in try store.list(StoragePaths.leaseCounts, after: nil, limit: .max) {
        guard let stored = try store.get(StoragePaths.leaseCounts + name) else { continue }
        guard let rule = (try? JSONParser.parse(stored.bytes)).flatMap({ LeaseCount(record: $0) }) else {
          throw StoreError.damaged("a lease-count quota's record cannot be read")
        }
        rules.append(rule)
      }
      try publish(rules, enumeration)
    }
  }

  // MARK: Rules

  /// By name.
  package var rules: [LeaseCount] { tally.withLock { $0.rules } }

  /// The rule of that name and how many leases live under it.
  package func rule(_ name: String) -> (rule: LeaseCount, count: Int)? {
    tally.withLock { tally in
      guard let rule = tally.rules.first(where: { $0.name == name }), let count = tally.count(name) else { return nil }
      return (rule, count)
    }
  }

  /// - Throws: 400 where another rule is for the same requests.
  package func set(_ rule: LeaseCount) throws {
    try changing.withTurn { enumeration in
      if let twin = rules.first(where: { $0.isTwin(of: rule) }) {
        throw EngineError.invalid("quota rule with similar properties exists under the name \"\(twin.name)\"")
      }
      var batch = WriteBatch()
      batch.put(StoragePaths.leaseCounts + rule.name, JSONText(rule.record).bytes)
      _ = try store.commit(batch)
      try publish(rules.filter { $0.name != rule.name } + [rule], enumeration)
    }
  }

  package func remove(_ name: String) throws {
    try changing.withTurn { enumeration in
      guard rule(name) != nil else { return }
      var batch = WriteBatch()
      batch.delete(StoragePaths.leaseCounts + name)
      _ = try store.commit(batch)
      try publish(rules.filter { $0.name != name }, enumeration)
    }
  }

  /// A rule may take leases away from another, so all are counted anew. Leases that are made or ended meanwhile wait to be
  /// counted; each counts once, because the tally knows them by their ids.
  private func publish(_ rules: [LeaseCount], _ enumeration: Enumeration?) throws {
    if !rules.isEmpty { hasRules.store(true, ordering: .releasing) }
    try tally.withLock { tally in
      tally.begin(rules)
      if rules.isEmpty { return }
      try enumeration? { id, path, role in tally.add(Self.digest(id), at: place(path, role)) }
    }
    if rules.isEmpty { hasRules.store(false, ordering: .releasing) }
  }

  private func place(_ path: String, _ role: String) -> LeaseTally.Place {
    guard let (mount, rest) = mounts.resolve(path) else { return LeaseTally.Place(mount: "", rest: path, role: role) }
    return LeaseTally.Place(mount: mount.entry.requestPath, rest: rest, role: role)
  }

  /// Ids are long and random: two with one digest are not to be expected.
  private static func digest(_ id: String) -> UInt64 { UInt64(bitPattern: Int64(id.hashValue)) }

  // MARK: Leases

  /// Room that was asked for. To be settled, whatever comes of it.
  struct Reservation: Sendable {
    fileprivate var path: String
    fileprivate var role: String
    fileprivate var rule: String?
  }

  /// Asks for room for a lease of what the request path is to give out.
  /// - Throws: 429 where there is none.
  func reserve(path: String, role: String = "") throws(EngineError) -> Reservation {
    var reservation = Reservation(path: path, role: role)
    guard hasRules.load(ordering: .acquiring) else { return reservation }
    let place = place(path, role)
    switch tally.withLock({ $0.reserve(place) }) {
    case .free: break
    case .reserved(let name): reservation.rule = name
    case .full:
      throw EngineError(status: 429, messages: ["request path \"\(path)\": lease count quota exceeded"])
    }
    return reservation
  }

  /// - Parameter id: of the lease that was made; nil where none was.
  func settle(_ reservation: Reservation, id: String?) {
    guard hasRules.load(ordering: .acquiring) else { return }
    let place = place(reservation.path, reservation.role)
    tally.withLock { tally in
      if let name = reservation.rule { tally.settle(name) }
      if let id { tally.add(Self.digest(id), at: place) }
    }
  }

  func ended(_ id: String) {
    guard hasRules.load(ordering: .acquiring) else { return }
    tally.withLock { $0.remove(Self.digest(id)) }
  }
}
