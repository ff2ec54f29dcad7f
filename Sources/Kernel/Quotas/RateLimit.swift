package import JSONText
package import Primitives

/// A rule of how many requests each client may make, and where.
package struct RateLimit: ScopedRule {
  package enum Grouping: String, Sendable {
    /// Each address has its own count.
    case address = "ip"
    /// All requests count together.
    case none
  }

  package var name: String
  /// As it was given; empty for all requests.
  package var path: String
  /// Such as `secret/` or `auth/userpass/`; empty for all.
  package var mount = ""
  /// Below the mount; a `*` at its end stands for any rest.
  package var suffix = ""
  package var role = ""
  /// Requests in each interval.
  package var rate: Double
  package var interval = TimeSpan.seconds(1)
  /// Whoever goes beyond the rate is refused for so long.
  package var blockInterval = TimeSpan.zero
  package var isInheritable = false
  package var grouping = Grouping.address

  package init(name: String, path: String, rate: Double) {
    self.name = name
    self.path = path
    self.rate = rate
  }

  /// What `sys/quotas/rate-limit/NAME` shows.
  package var shown: JSONObject {
    [
      "block_interval": .int(blockInterval.seconds), "group_by": .string(grouping.rawValue),
      "inheritable": .bool(isInheritable), "interval": .int(interval.seconds), "name": .string(name),
      "path": .string(path),
      "rate": rate == rate.rounded() && rate < 1e15 ? .int(Int64(rate)) : .number(JSONNumber(text: "\(rate)")),
      "role": .string(role), "secondary_rate": 0, "type": "rate-limit",
    ]
  }

  var record: JSONObject {
    var record = shown
    record["mount"] = .string(mount)
    record["suffix"] = .string(suffix)
    return record
  }

  init?(record: JSONValue) {
    guard let name = record["name"]?.stringValue, let path = record["path"]?.stringValue,
      case .number(let rate)? = record["rate"], let interval = record["interval"]?.int64Value,
      let block = record["block_interval"]?.int64Value
    else { return nil }
    self.init(name: name, path: path, rate: rate.double)
    mount = record["mount"]?.stringValue ?? ""
    suffix = record["suffix"]?.stringValue ?? ""
    role = record["role"]?.stringValue ?? ""
    isInheritable = record["inheritable"] == true
    grouping = record["group_by"]?.stringValue.flatMap { Grouping(rawValue: $0) } ?? .address
    self.interval = .seconds(interval)
    blockInterval = .seconds(block)
  }

  // MARK: Counting

  /// Whole requests in each window. A rate below one means one request in a longer window.
  var requestsPerWindow: UInt64 { rate < 1 ? 1 : UInt64(min(rate, 1e15)) }

  var window: UInt64 {
    let length = Double(max(1, interval.nanoseconds))
    return UInt64(rate < 1 ? min(length / max(rate, 1e-9), 1e18) : length)
  }

  /// How many requests one client made in the window that is running. Times are those of the clock that never goes back.
  struct Count: Sendable, Equatable {
    var start: UInt64
    var used: UInt64 = 0
    var blockedUntil: UInt64 = 0
  }

  struct Verdict: Sendable, Equatable {
    var isAllowed: Bool
    var limit: UInt64
    var remaining: UInt64
    /// Nanoseconds until there is room again.
    var wait: UInt64
  }

  func take(_ count: inout Count, now: UInt64) -> Verdict {
    let limit = requestsPerWindow
    if now < count.blockedUntil {
      return Verdict(isAllowed: false, limit: limit, remaining: 0, wait: count.blockedUntil - now)
    }
    let length = window
    let passed = now &- count.start
    if now >= count.start && passed >= length {
      count.start = now - passed % length
      count.used = 0
    }
    let wait = length - min(length, now &- count.start)
    if count.used < limit {
      count.used += 1
      return Verdict(isAllowed: true, limit: limit, remaining: limit - count.used, wait: wait)
    }
    guard blockInterval > .zero else { return Verdict(isAllowed: false, limit: limit, remaining: 0, wait: wait) }
    let block = UInt64(blockInterval.nanoseconds)
    count.blockedUntil = now &+ block
    return Verdict(isAllowed: false, limit: limit, remaining: 0, wait: block)
  }

  /// Nothing is lost by forgetting the count.
  func isOver(_ count: Count, now: UInt64) -> Bool {
    now >= count.blockedUntil && now >= count.start && now - count.start >= window
  }
}
