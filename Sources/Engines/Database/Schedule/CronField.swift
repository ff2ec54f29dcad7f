/// One field of a schedule: a set of small numbers.
struct CronField: Sendable, Hashable {
  private var bits: UInt64 = 0
  /// Every value was asked for as such, by `*` or `?`: then the field does not choose days.
  private(set) var isAny = false

  /// Reads a list of `*`, `?`, `N`, `N-M`, each maybe with `/STEP`; `N/STEP` goes on to the field's end.
  init(_ text: String, in range: ClosedRange<Int>, names: [String: Int] = [:]) throws(CronSchedule.Mistake) {
    let items = text.split(separator: ",")
    if items.isEmpty { throw CronSchedule.Mistake("an empty list: \(text)") }
    for item in items { try add(item, in: range, names: names) }
  }

  func contains(_ value: Int64) -> Bool { (0..<64).contains(value) && bits >> UInt64(value) & 1 == 1 }

  /// The smallest value that is not below `start`.
  func first(from start: Int64) -> Int64? {
    guard (0..<64).contains(start) else { return nil }
    let rest = bits >> UInt64(start)
    return rest == 0 ? nil : start + Int64(rest.trailingZeroBitCount)
  }

  private mutating func add(_ item: Substring, in range: ClosedRange<Int>, names: [String: Int])
    throws(CronSchedule.Mistake)
  {
    let parts = item.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2 else { throw CronSchedule.Mistake("too many slashes: \(item)") }
    let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count <= 2 else { throw CronSchedule.Mistake("too many hyphens: \(item)") }

    func value(_ text: Substring) throws(CronSchedule.Mistake) -> Int {
      if let value = names[text.lowercased()] { return value }
      guard text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(text) else {
        throw CronSchedule.Mistake("failed to parse int from \(text): \(item)")
      }
      return value
    }

    let isWildcard = parts[0] == "*" || parts[0] == "?"
    var low = range.lowerBound
    var high = range.upperBound
    if !isWildcard {
      low = try value(ends[0])
      if ends.count == 2 { high = try value(ends[1]) } else if parts.count == 1 { high = low }
    }
    var step = 1
    if parts.count == 2 {
      guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(parts[1]), number > 0 else {
        throw CronSchedule.Mistake("step of range should be a positive number: \(item)")
      }
      step = number
    }
    if low < range.lowerBound {
      throw CronSchedule.Mistake("beginning of range (\(low)) below minimum (\(range.lowerBound)): \(item)")
    }
    if high > range.upperBound {
      throw CronSchedule.Mistake("end of range (\(high)) above maximum (\(range.upperBound)): \(item)")
    }
    if low > high {
      throw CronSchedule.Mistake("beginning of range (\(low)) beyond end of range (\(high)): \(item)")
    }
    // Values are below 64, and a longer step reaches none but the first.
    for value in stride(from: low, through: high, by: min(step, 64)) { bits |= 1 << UInt64(value) }
    if isWildcard && step == 1 { isAny = true }
  }
}
