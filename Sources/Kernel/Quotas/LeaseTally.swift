/// Which leases live under each rule. A plain value: what is told twice, or in another order, counts once.
struct LeaseTally: Sendable {
  /// Where a lease is from.
  struct Place: Sendable {
    var mount: String
    /// The path below the mount.
    var rest: String
    /// That a login asked for; empty for others.
    var role: String
  }

  private struct Counted {
    var rule: LeaseCount
    /// Digests of the ids of leases that live.
    var leases: Set<UInt64> = []
    /// Leases that are being made.
    var pending = 0
  }

  /// The most special rule first.
  private var counted: [Counted] = []

  var isEmpty: Bool { counted.isEmpty }
  /// By name.
  var rules: [LeaseCount] { counted.map(\.rule).sorted { $0.name < $1.name } }

  /// The leases that live under the rule of that name; nil where there is none.
  func count(_ name: String) -> Int? { counted.first { $0.rule.name == name }?.leases.count }

  /// Replaces the rules. Leases have to be told anew.
  mutating func begin(_ rules: [LeaseCount]) {
    let pending = Dictionary(counted.map { ($0.rule.name, $0.pending) }, uniquingKeysWith: +)
    counted = rules.map { Counted(rule: $0, pending: pending[$0.name] ?? 0) }.sorted { $0.rule.rank > $1.rule.rank }
  }

  private func index(_ place: Place) -> Int? {
    counted.firstIndex { $0.rule.covers(mount: place.mount, rest: place.rest, role: { place.role }) }
  }

  enum Verdict: Equatable {
    case free
    /// The rule by whose name to `settle`.
    case reserved(String)
    case full
  }

  /// Asks for room for a lease that is to be made.
  mutating func reserve(_ place: Place) -> Verdict {
    guard let at = index(place) else { return .free }
    guard counted[at].leases.count + counted[at].pending < counted[at].rule.maxLeases else { return .full }
    counted[at].pending += 1
    return .reserved(counted[at].rule.name)
  }

  /// Ends a reservation, whether or not the lease was made.
  mutating func settle(_ name: String) {
    guard let at = counted.firstIndex(where: { $0.rule.name == name }) else { return }
    counted[at].pending = max(0, counted[at].pending - 1)
  }

  mutating func add(_ lease: UInt64, at place: Place) {
    if let at = index(place) { counted[at].leases.insert(lease) }
  }

  mutating func remove(_ lease: UInt64) { for at in counted.indices { counted[at].leases.remove(lease) } }
}
