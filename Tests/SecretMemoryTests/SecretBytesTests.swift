import SecretMemory
import Testing

@Test func secretsAreNeverPrinted() {
  let secret = SecretBytes(copying: Array("hunter2".utf8))
  #expect("\(secret)" == "[redacted]")
  #expect(String(reflecting: secret) == "[redacted]")
  var dumped = ""
  dump(secret, to: &dumped)
  #expect(!dumped.contains("hunter2") && !dumped.contains("104"))
}

@Test func equalityIsOfBytesAndCount() {
  let secret = SecretBytes(copying: [1, 2, 3])
  #expect(secret == SecretBytes(copying: [1, 2, 3]))
  #expect(secret != SecretBytes(copying: [1, 2, 4]))
  #expect(secret != SecretBytes(copying: [1, 2]))
  #expect(SecretBytes(copying: []) == SecretBytes(copying: []))
}

@Test func textsCompareByTheirBytes() {
  #expect(constantTimeEqual("abc", "abc"))
  #expect(!constantTimeEqual("abc", "abd"))
  #expect(!constantTimeEqual("abc", "abcd"))
  // The same to a reader, but not the same bytes.
  #expect(!constantTimeEqual("é", "e\u{301}"))
}

@Test func zeroingLeavesNothing() {
  var bytes: [UInt8] = [1, 2, 3, 4]
  bytes.withUnsafeMutableBytes { zero($0) }
  #expect(bytes == [0, 0, 0, 0])
}
