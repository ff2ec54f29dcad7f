internal import Glibc

/// Header fields in the order they came, names in lower case (RFC 9110, section 5).
///
/// Names and values lie in one block of bytes; a value becomes text only when it is asked for.
package struct HTTPHeaders: Sendable {
  struct Field: Sendable {
    var nameStart: UInt32
    var nameEnd: UInt32
    var valueStart: UInt32
    var valueEnd: UInt32
  }

  private var storage: [UInt8]
  private var fields: [Field]

  package init() {
    storage = []
    fields = []
  }

  package init(_ pairs: [(name: String, value: String)]) {
    self.init()
    for (name, value) in pairs { append(name: Array(name.utf8), value: Array(value.utf8)) }
  }

  /// The block must hold every field's bytes, names already in lower case.
  init(storage: [UInt8], fields: [Field]) {
    self.storage = storage
    self.fields = fields
  }

  package var count: Int { fields.count }

  /// The first value of that name (given in lower case), nil when the field is absent.
  package subscript(_ lowercaseName: String) -> String? {
    for field in fields where matches(field, lowercaseName) { return text(field.valueStart, field.valueEnd) }
    return nil
  }

  /// Every value of that name (given in lower case), one for each field line.
  package func values(_ lowercaseName: String) -> [String] {
    var found: [String] = []
    for field in fields where matches(field, lowercaseName) { found.append(text(field.valueStart, field.valueEnd)) }
    return found
  }

  package var all: [(name: String, value: String)] {
    fields.map { (text($0.nameStart, $0.nameEnd), text($0.valueStart, $0.valueEnd)) }
  }

  mutating func append(name: some Collection<UInt8>, value: some Collection<UInt8>) {
    let start = UInt32(clamping: storage.count)
    for byte in name { storage.append(byte.asciiLowercased) }
    let middle = UInt32(clamping: storage.count)
    storage.append(contentsOf: value)
    let end = UInt32(clamping: storage.count)
    fields.append(Field(nameStart: start, nameEnd: middle, valueStart: middle, valueEnd: end))
  }

  private func text(_ start: UInt32, _ end: UInt32) -> String {
    guard start <= end, Int(end) <= storage.count else { return "" }
    return storage.withUnsafeBufferPointer { bytes in
      String(decoding: UnsafeBufferPointer(rebasing: bytes[Int(start)..<Int(end)]), as: UTF8.self)
    }
  }

  private func matches(_ field: Field, _ name: String) -> Bool {
    let count = Int(field.nameEnd &- field.nameStart)
    guard name.utf8.count == count, Int(field.nameEnd) <= storage.count else { return false }
    let start = Int(field.nameStart)
    return storage.withUnsafeBufferPointer { bytes in
      var at = start
      for byte in name.utf8 {
        if bytes[at] != byte { return false }
        at += 1
      }
      return true
    }
  }
}

extension UInt8 {
  /// The byte itself unless it is an ASCII capital.
  var asciiLowercased: UInt8 { self &- 65 < 26 ? self | 0x20 : self }
}
