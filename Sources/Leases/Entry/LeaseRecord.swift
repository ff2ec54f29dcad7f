internal import JSONText
internal import Primitives

/// The stored form of a lease: one JSON object with short names. Members at their default are left out.
enum LeaseRecord {
  static func encode(_ lease: Lease) -> [UInt8] {
    var w = JSONWriter(reserving: 256)
    w.beginObject()
    func text(_ name: StaticString, _ value: String) {
      if value.isEmpty { return }
      w.name(name)
      w.string(value)
    }
    func number(_ name: StaticString, _ value: Int64?) {
      guard let value, value != 0 else { return }
      w.name(name)
      w.int(value)
    }
    text("m", lease.mountAccessor)
    text("k", lease.kind)
    if !lease.data.isEmpty {
      w.name("d")
      w.value(.object(lease.data))
    }
    number("i", lease.issued.nanoseconds)
    number("x", lease.expires.nanoseconds)
    number("lr", lease.lastRenewal?.nanoseconds)
    number("t", lease.ttl.nanoseconds)
    number("mt", lease.maxTTL.nanoseconds)
    number("r", lease.renewable ? 1 : 0)
    text("h", lease.holder)
    number("he", lease.holderEnd?.nanoseconds)
    if let ending = lease.ending {
      w.name("e")
      w.beginObject()
      number("u", ending.due?.nanoseconds)
      number("n", Int64(ending.attempts))
      text("f", ending.failure)
      w.endObject()
    }
    w.endObject()
    return w.bytes
  }

  /// Nil where the bytes are no record.
  static func decode(_ bytes: [UInt8], id: String) -> Lease? {
    guard let object = (try? JSONText(trusted: bytes).parsed())?.objectValue else { return nil }
    func text(_ name: String) -> String { object[name]?.stringValue ?? "" }
    func time(_ value: JSONValue?) -> Timestamp? { value?.int64Value.map { Timestamp(nanoseconds: $0) } }
    func span(_ name: String) -> TimeSpan { TimeSpan(nanoseconds: object[name]?.int64Value ?? 0) }
    guard let issued = time(object["i"]), let expires = time(object["x"]) else { return nil }
    var lease = Lease(
      id: id, mountAccessor: text("m"), kind: text("k"), data: object["d"]?.objectValue ?? [:], issued: issued,
      expires: expires, lastRenewal: time(object["lr"]), ttl: span("t"), maxTTL: span("mt"),
      renewable: object["r"] != nil, holder: text("h"), holderEnd: time(object["he"]))
    if let ending = object["e"] {
      lease.ending = Lease.Ending(
        due: time(ending["u"]), attempts: Int(ending["n"]?.int64Value ?? 0), failure: ending["f"]?.stringValue ?? "")
    }
    return lease
  }
}
