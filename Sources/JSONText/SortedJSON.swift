extension JSONText {
  /// The value with the members of every object sorted by name, bytewise: the order in which clients of the API get
  /// maps.
  package init(sorting value: JSONValue) {
    var writer = JSONWriter()
    writer.sorted(value)
    self.init(trusted: writer.bytes)
  }
}

extension JSONWriter {
  /// Writes the value with the members of every object sorted by name, bytewise.
  package mutating func sorted(_ value: JSONValue) {
    switch value {
    case .object(let object):
      beginObject()
      for member in object.sorted.members {
        name(member.name)
        sorted(member.value)
      }
      endObject()
    case .array(let values):
      beginArray()
      for value in values { sorted(value) }
      endArray()
    default: self.value(value)
    }
  }
}

extension JSONValue {
  /// True where a number anywhere in the value is beyond a 64-bit float, which many clients cannot read.
  package var holdsOversizedNumber: Bool {
    switch self {
    case .number(let number): number.isOversized
    case .array(let values): values.contains { $0.holdsOversizedNumber }
    case .object(let object): object.members.contains { $0.value.holdsOversizedNumber }
    default: false
    }
  }
}

extension JSONNumber {
  fileprivate var isOversized: Bool {
    // Without an exponent it takes more than 300 digits to get there.
    let mayBe = text.utf8.count > 300 || text.utf8.contains { $0 | 0x20 == UInt8(ascii: "e") }
    return mayBe && !double.isFinite
  }
}
