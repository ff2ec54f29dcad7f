internal import EngineAPI
package import JSONText
internal import Primitives

extension TokenParameters {
  /// The members of an answer that shows a role, with old names where they were used.
  package var members: JSONObject {
    var object: JSONObject = [
      "alias_metadata": .object(
        JSONObject(aliasMetadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
      "token_bound_cidrs": .strings(boundCIDRs.map(\.description)),
      "token_explicit_max_ttl": .int(explicitMaxTTL.seconds),
      "token_max_ttl": .int(maxTTL.seconds),
      "token_no_default_policy": .bool(noDefaultPolicy),
      "token_num_uses": .int(numberOfUses),
      "token_period": .int(period.seconds),
      "token_policies": .strings(policies),
      "token_ttl": .int(ttl.seconds),
      "token_type": .string(kind.rawValue),
    ]
    if oldNames.contains(.policies), !policies.isEmpty { object["policies"] = .strings(policies) }
    if oldNames.contains(.ttl), ttl > .zero { object["ttl"] = .int(ttl.seconds) }
    if oldNames.contains(.maxTTL), maxTTL > .zero { object["max_ttl"] = .int(maxTTL.seconds) }
    if oldNames.contains(.period), period > .zero { object["period"] = .int(period.seconds) }
    if oldNames.contains(.numberOfUses), numberOfUses > 0 { object["num_uses"] = .int(numberOfUses) }
    if oldNames.contains(.boundCIDRs), !boundCIDRs.isEmpty {
      object["bound_cidrs"] = .strings(boundCIDRs.map(\.description))
    }
    return object
  }

  /// A stored record that lacks a member has its zero; one whose member is of another kind is damaged.
  package struct Damaged: Error {}

  /// For storage: short, without what has its zero. Nanoseconds, so that nothing is lost.
  package var record: JSONObject {
    var object = JSONObject()
    func set(_ name: String, _ number: Int64) { if number != 0 { object[name] = .int(number) } }
    func set(_ name: String, _ span: TimeSpan) { set(name, span.nanoseconds) }
    if !policies.isEmpty { object["policies"] = .strings(policies) }
    set("ttl", ttl)
    set("max_ttl", maxTTL)
    set("explicit_max_ttl", explicitMaxTTL)
    set("period", period)
    set("num_uses", numberOfUses)
    if noDefaultPolicy { object["no_default_policy"] = true }
    if !boundCIDRs.isEmpty { object["bound_cidrs"] = .strings(boundCIDRs.map(\.description)) }
    if kind != .standard { object["type"] = .string(kind.rawValue) }
    if !aliasMetadata.isEmpty {
      object["alias_metadata"] = .object(JSONObject(aliasMetadata.map { ($0.key, .string($0.value)) }))
    }
    set("old_names", Int64(oldNames.rawValue))
    return object
  }

  package init(record: JSONValue?) throws(Damaged) {
    guard let object = record?.objectValue else { throw Damaged() }
    func number(_ name: String) throws(Damaged) -> Int64 {
      guard let raw = object[name] else { return 0 }
      guard let value = raw.int64Value else { throw Damaged() }
      return value
    }
    func span(_ name: String) throws(Damaged) -> TimeSpan { TimeSpan(nanoseconds: try number(name)) }
    func texts(_ name: String) throws(Damaged) -> [String] {
      guard let raw = object[name] else { return [] }
      guard let values = raw.arrayValue else { throw Damaged() }
      let texts = values.compactMap(\.stringValue)
      guard texts.count == values.count else { throw Damaged() }
      return texts
    }
    policies = try texts("policies")
    ttl = try span("ttl")
    maxTTL = try span("max_ttl")
    explicitMaxTTL = try span("explicit_max_ttl")
    period = try span("period")
    numberOfUses = try number("num_uses")
    noDefaultPolicy = object["no_default_policy"] == true
    // A block that is not understood must not open what it was to close.
    let blocks = try texts("bound_cidrs")
    boundCIDRs = blocks.compactMap { AddressBlock($0) }
    guard boundCIDRs.count == blocks.count else { throw Damaged() }
    guard let kind = Kind(rawValue: object["type"]?.stringValue ?? "default") else { throw Damaged() }
    self.kind = kind
    for member in object["alias_metadata"]?.objectValue?.members ?? [] {
      guard let text = member.value.stringValue else { throw Damaged() }
      aliasMetadata[member.name] = text
    }
    oldNames = OldNames(rawValue: Int(truncatingIfNeeded: try number("old_names")))
  }
}
