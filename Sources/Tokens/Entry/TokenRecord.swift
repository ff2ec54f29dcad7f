internal import EngineAPI
internal import JSONText
internal import Primitives

/// The stored form of a token: one JSON object with short names. Members at their default are left out.
enum TokenRecord {
  static func encode(_ entry: TokenEntry) -> [UInt8] {
    var w = JSONWriter(reserving: 512)
    w.beginObject()
    func text(_ name: StaticString, _ value: String) {
      if value.isEmpty { return }
      w.name(name)
      w.string(value)
    }
    func number(_ name: StaticString, _ value: Int64) {
      if value == 0 { return }
      w.name(name)
      w.int(value)
    }
    text("a", entry.accessor)
    text("dn", entry.displayName)
    w.name("po")
    w.strings(entry.policies)
    if let metadata = entry.metadata {
      w.name("m")
      w.value(.object(JSONObject(metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })))
    }
    text("e", entry.entityID)
    if entry.type == .batch { number("b", 1) }
    number("t", entry.ttl.nanoseconds)
    number("ct", entry.creationTTL.nanoseconds)
    number("xm", entry.explicitMaxTTL.nanoseconds)
    number("pd", entry.period.nanoseconds)
    number("c", entry.creationTime.nanoseconds)
    if let time = entry.lastRenewal { number("lr", time.nanoseconds) }
    if let time = entry.expireTime { number("x", time.nanoseconds) }
    number("n", entry.numberOfUses)
    number("gn", entry.grantedUses)
    if let parent = entry.parent {
      text("pk", parent.key)
      text("pa", parent.accessor)
    }
    text("p", entry.path)
    if entry.renewable { number("r", 1) }
    if !entry.boundCIDRs.isEmpty {
      w.name("bc")
      w.strings(entry.boundCIDRs)
    }
    text("ro", entry.role)
    text("lo", entry.loginRole)
    text("cu", entry.cubbyholeID)
    number("mm", entry.methodMaxTTL.nanoseconds)
    if !entry.methodData.isEmpty {
      w.name("md")
      w.value(.object(entry.methodData))
    }
    if entry.holdsLeases { number("hl", 1) }
    w.endObject()
    return w.bytes
  }

  /// Nil where the bytes are no record.
  static func decode(_ bytes: [UInt8], key: String) -> TokenEntry? {
    guard let object = (try? JSONText(trusted: bytes).parsed())?.objectValue else { return nil }
    var members: [String: JSONValue] = [:]
    for member in object.members { members[member.name] = member.value }
    func text(_ name: String) -> String { members[name]?.stringValue ?? "" }
    func number(_ name: String) -> Int64 { members[name]?.int64Value ?? 0 }
    func span(_ name: String) -> TimeSpan { TimeSpan(nanoseconds: number(name)) }
    func time(_ name: String) -> Timestamp? { members[name]?.int64Value.map { Timestamp(nanoseconds: $0) } }
    func list(_ name: String) -> [String] { (members[name]?.arrayValue ?? []).compactMap(\.stringValue) }

    guard let created = time("c") else { return nil }
    var entry = TokenEntry(
      type: number("b") == 1 ? .batch : .service, path: text("p"), policies: list("po"), creationTime: created)
    entry.key = key
    entry.accessor = text("a")
    entry.displayName = text("dn")
    if let metadata = members["m"]?.objectValue {
      entry.metadata = Dictionary(
        metadata.members.map { ($0.name, $0.value.stringValue ?? "") }, uniquingKeysWith: { _, last in last })
    }
    entry.entityID = text("e")
    entry.ttl = span("t")
    entry.creationTTL = span("ct")
    entry.explicitMaxTTL = span("xm")
    entry.period = span("pd")
    entry.lastRenewal = time("lr")
    entry.expireTime = time("x")
    entry.numberOfUses = number("n")
    entry.grantedUses = number("gn")
    if members["pk"] != nil { entry.parent = TokenEntry.Parent(key: text("pk"), accessor: text("pa")) }
    entry.renewable = number("r") == 1
    entry.boundCIDRs = list("bc")
    entry.role = text("ro")
    entry.loginRole = text("lo")
    entry.cubbyholeID = text("cu")
    entry.methodMaxTTL = span("mm")
    entry.methodData = members["md"]?.objectValue ?? [:]
    entry.holdsLeases = number("hl") == 1
    return entry
  }
}
