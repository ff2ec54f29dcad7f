import AuditAPI
import AuditChain
import JSONText
import Testing

private func head(_ sequence: Int64, id: String = "a", hash: String? = nil) -> AuditChainHead {
  AuditChainHead(id: id, sequence: sequence, hash: hash ?? "hash\(sequence)")
}

private func resumed(
  tail: AuditChainHead?, isEmpty: Bool = false, remembered: AuditChainHead?, isFinal: Bool = false
) -> AuditChainHead? {
  ChainMemory.resumption(
    tail: tail, isEmpty: isEmpty, remembered: remembered.map { ChainMemory(head: $0, isFinal: isFinal) })
}

@Test func theTailIsGoneOnFromWhereNothingIsRemembered() {
  #expect(resumed(tail: nil, isEmpty: true, remembered: nil) == nil)
  #expect(resumed(tail: head(7), remembered: nil) == head(7))
}

/// After a crash the log holds at least what is remembered.
@Test func afterACrashTheTailMayBeAheadAndNotBehind() {
  #expect(resumed(tail: head(9), remembered: head(5)) == head(9))
  #expect(resumed(tail: head(5), remembered: head(5)) == head(5))
  #expect(resumed(tail: head(4), remembered: head(5)) == head(5))
  #expect(resumed(tail: head(5, hash: "other"), remembered: head(5)) == head(5))
  #expect(resumed(tail: head(9, id: "b"), remembered: head(5)) == head(5))
  #expect(resumed(tail: nil, remembered: head(5)) == head(5))
  // Rotated meanwhile: nobody knows how far it went.
  #expect(resumed(tail: nil, isEmpty: true, remembered: head(5)) == nil)
}

/// After an orderly stop the log ends with what is remembered, or was rotated.
@Test func afterAStopTheMemoryDecides() {
  #expect(resumed(tail: head(5), remembered: head(5), isFinal: true) == head(5))
  #expect(resumed(tail: nil, isEmpty: true, remembered: head(5), isFinal: true) == head(5))
  #expect(resumed(tail: head(4), remembered: head(5), isFinal: true) == head(5))
  #expect(resumed(tail: head(6), remembered: head(5), isFinal: true) == head(5))
}

@Test func memoryIsReadBack() {
  let memory = ChainMemory(head: head(12), isFinal: true)
  #expect(ChainMemory(memory.json.bytes) == memory)
  #expect(ChainMemory(Array("{}".utf8)) == nil)
  #expect(ChainMemory(Array("no".utf8)) == nil)
}
