package import Primitives

/// How long something may live: what was asked for, within the limits that hold for it.
package struct LifeSpan: Sendable, Equatable {
  package var ttl: TimeSpan
  package var warnings: [String]

  /// Limits of which zero means none.
  package struct Limits: Sendable, Equatable {
    /// The mount's, or the system's where it has none.
    package var defaultTTL: TimeSpan
    package var maxTTL: TimeSpan
    /// What the auth method allows.
    package var methodMaxTTL: TimeSpan = .zero
    /// Counts from the creation and holds for periodic tokens, too.
    package var explicitMaxTTL: TimeSpan = .zero
    package var period: TimeSpan = .zero

    package init(defaultTTL: TimeSpan, maxTTL: TimeSpan) {
      self.defaultTTL = defaultTTL
      self.maxTTL = maxTTL
    }
  }

  /// The life from now on of what was made `age` ago; nil where its longest life is over.
  package static func granted(_ requested: TimeSpan, within limits: Limits, age: TimeSpan) -> LifeSpan? {
    // Whole seconds: otherwise each renewal would be a little short of its round limit, and say so.
    let age = TimeSpan.seconds(max(0, age.seconds))
    if limits.period > .zero { return periodic(limits, age: age) }

    let wanted = requested > .zero ? requested : limits.defaultTTL
    var longest = limits.maxTTL
    for limit in [limits.methodMaxTTL, limits.explicitMaxTTL] where limit > .zero && limit < longest { longest = limit }
    let left = TimeSpan(nanoseconds: longest.nanoseconds &- age.nanoseconds)
    if left <= .zero { return nil }
    if wanted <= left { return LifeSpan(ttl: wanted, warnings: []) }
    return LifeSpan(
      ttl: left,
      warnings: [
        "TTL of \"\(brief(wanted))\" exceeded the effective max_ttl of \"\(brief(left))\"; TTL value is capped accordingly"
      ])
  }

  private static func periodic(_ limits: Limits, age: TimeSpan) -> LifeSpan? {
    var longest = limits.maxTTL
    if limits.explicitMaxTTL > .zero {
      let left = TimeSpan(nanoseconds: limits.explicitMaxTTL.nanoseconds &- age.nanoseconds)
      if left <= .zero { return nil }
      longest = min(longest, left)
    }
    if limits.period <= longest { return LifeSpan(ttl: limits.period, warnings: []) }
    return LifeSpan(
      ttl: longest,
      warnings: [
        "period of \"\(brief(limits.period))\" exceeded the effective max_ttl of \"\(brief(longest))\"; "
          + "period value is capped accordingly"
      ])
  }

  /// Go's notation without zeros at its end: `2h`, `1h30m`, `90m` as `1h30m`.
  package static func brief(_ span: TimeSpan) -> String {
    var text = span.goDescription
    if text.hasSuffix("m0s") { text.removeLast(2) }
    if text.hasSuffix("h0m") { text.removeLast(2) }
    return text
  }
}
