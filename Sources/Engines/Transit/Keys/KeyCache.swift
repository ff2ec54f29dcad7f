internal import Primitives

/// Keys that were read lately. Two generations of half the size each stand in for an order by use: what is used moves to
/// the young one, and when that is full the old one goes.
struct KeyCache: Sendable {
  /// 0 for no limit.
  private var limit: Int
  private var young: [String: LoadedKey] = [:]
  private var old: [String: LoadedKey] = [:]

  init(limit: Int) { self.limit = limit }

  var count: Int { young.count + old.keys.filter { young[$0] == nil }.count }

  mutating func setLimit(_ limit: Int) {
    self.limit = limit
    if limit > 0 {
      young = [:]
      old = [:]
    }
  }

  mutating func find(_ name: String) -> LoadedKey? {
    if let key = young[name] { return key }
    guard let key = old[name] else { return nil }
    insert(key)
    return key
  }

  mutating func insert(_ key: LoadedKey) {
    young[key.name] = key
    if limit > 0 && young.count >= max(1, limit / 2) {
      old = young
      young = [:]
    }
  }

  mutating func remove(_ name: String) {
    young[name] = nil
    old[name] = nil
  }
}
