import EngineAPI
import EngineFixture
import Testing

@Suite struct DecodedRecordsTests {
  private struct Unreadable: Error {}

  @Test func decodesEachWriteOnce() throws {
    let storage = StorageView(PlainStore(), prefix: "mount/")
    let records = DecodedRecords<String>()
    var decoded = 0
    func record() throws -> String? {
      try records.record("a", in: storage) { bytes in
        decoded += 1
        return String(decoding: bytes, as: UTF8.self)
      }
    }
    #expect(try record() == nil)
    try storage.put("a", Array("one".utf8))
    #expect(try [record(), record(), record()] == ["one", "one", "one"])
    #expect(decoded == 1)
    try storage.put("a", Array("two".utf8))
    #expect(try [record(), record()] == ["two", "two"])
    #expect(decoded == 2)
    try storage.delete("a")
    #expect(try record() == nil)
    try storage.put("a", Array("one".utf8))
    #expect(try record() == "one")
    #expect(decoded == 3)
  }

  @Test func whatCannotBeReadIsNotKept() throws {
    let storage = StorageView(PlainStore(), prefix: "mount/")
    let records = DecodedRecords<Int>()
    try storage.put("a", [1])
    #expect(throws: Unreadable.self) { try records.record("a", in: storage) { _ in throw Unreadable() } }
    #expect(try records.record("a", in: storage) { $0.count } == 1)
  }

  @Test func manyRecordsAreAllReadable() throws {
    let storage = StorageView(PlainStore(), prefix: "mount/")
    let records = DecodedRecords<[UInt8]>()
    for number in 0..<1100 {
      let bytes = [UInt8(number % 251), UInt8(number / 251)]
      try storage.put("\(number)", bytes)
      #expect(try records.record("\(number)", in: storage) { $0 } == bytes)
    }
    #expect(try records.record("0", in: storage) { $0 } == [0, 0])
  }
}
