import AuditAPI
import AuditChain
import Primitives
import SecretMemory
import Testing

/// A log of several files, as lines.
private struct Log {
  var files: [[UInt8]]
  let head: AuditChainHead

  init(entries: Int, perFile: Int, key: ChainKey = .plain, from: AuditChainHead? = nil) throws {
    var writer = ChainWriter(key: key, head: from, newID: "0123456789abcdef")
    files = []
    for number in 0..<entries {
      if number % perFile == 0 { files.append([]) }
      let entry = #"{"request":{"id":"\#(number)","path":"a\",\"chain\":{}"},"type":"request"}"# + "\n"
      files[files.count - 1] += writer.link(Array(entry.utf8))
    }
    head = try #require(writer.head)
  }

  var bytes: [UInt8] { files.flatMap { $0 } }

  /// Every line with its line feed.
  var lines: [[UInt8]] { bytes.split(separator: 10).map { Array($0) + [10] } }
}

private func findings(
  _ files: [[UInt8]], key: ChainKey = .plain, anchors: [ChainVerifier.Anchor] = [], partial: Bool = false
) -> [ChainVerifier.Finding] {
  var verifier = ChainVerifier(key: key, anchors: anchors, acceptsMissingBeginning: partial)
  for (index, file) in files.enumerated() {
    if index > 0 { verifier.nextFile() }
    var rest = file[...]
    while let end = rest.firstIndex(of: 10) {
      verifier.read(rest[..<end])
      rest = rest[(end + 1)...]
    }
    if !rest.isEmpty { verifier.read(rest, isWhole: false) }
  }
  verifier.finish()
  return verifier.take()
}

private func kinds(_ files: [[UInt8]], key: ChainKey = .plain, partial: Bool = false) -> [ChainVerifier.Kind] {
  findings(files, key: key, partial: partial).map(\.kind)
}

private func secret(_ byte: UInt8) throws -> ChainKey {
  try #require(ChainKey(SecretBytes(copying: [UInt8](repeating: byte, count: 32))))
}

@Test func anUntouchedLogIsWhole() throws {
  let log = try Log(entries: 10, perFile: 4)
  #expect(findings(log.files).isEmpty)
  #expect(log.files.count == 3)
  var verifier = ChainVerifier(key: .plain)
  for line in log.lines { verifier.read(line.dropLast()) }
  verifier.finish()
  #expect(verifier.head == log.head)
  #expect(verifier.entries == 10 && verifier.first == 1 && log.head.sequence == 10)
}

/// Every byte of a log of several files, changed in several ways, is missed.
@Test func everyChangedByteIsFound() throws {
  let log = try Log(entries: 3, perFile: 2)
  for (number, file) in log.files.enumerated() {
    for at in file.indices {
      for change in [file[at] ^ 1, file[at] ^ 0x20, 10, 0, UInt8(ascii: "}")] where change != file[at] {
        var files = log.files
        files[number][at] = change
        #expect(!findings(files).isEmpty, "file \(number), byte \(at) to \(change)")
      }
    }
  }
}

@Test func everyRemovedOrAddedByteIsFound() throws {
  let log = try Log(entries: 3, perFile: 3)
  for at in log.bytes.indices {
    var less = log.bytes
    less.remove(at: at)
    #expect(!findings([less]).isEmpty, "byte \(at)")
    for added: UInt8 in [10, 32, UInt8(ascii: "}")] {
      var more = log.bytes
      more.insert(added, at: at)
      #expect(!findings([more]).isEmpty, "byte \(at), \(added)")
    }
  }
}

@Test func everyCutLineIsFound() throws {
  let log = try Log(entries: 6, perFile: 6)
  for at in 0..<6 {
    var lines = log.lines
    lines.remove(at: at)
    let file = lines.flatMap { $0 }
    let anchor = ChainVerifier.Anchor(sequence: log.head.sequence, hash: log.head.hash)
    let found = findings([file], anchors: [anchor])
    #expect(found.map(\.kind) == [at == 5 ? .anchor : .missing], "line \(at + 1)")
    if (1..<5).contains(at) { #expect(found.first?.line == at + 1) }
  }
}

@Test func everyTwoSwappedOrRepeatedLinesAreFound() throws {
  let log = try Log(entries: 6, perFile: 6)
  for a in 0..<6 {
    for b in 0..<6 where a < b {
      var lines = log.lines
      lines.swapAt(a, b)
      #expect(kinds([lines.flatMap { $0 }]).contains(.reordered), "lines \(a + 1) and \(b + 1)")
    }
    var lines = log.lines
    lines.insert(lines[a], at: a)
    #expect(kinds([lines.flatMap { $0 }]) == [.reordered])
  }
}

@Test func everyDroppedFileIsFound() throws {
  let log = try Log(entries: 9, perFile: 3)
  let anchor = ChainVerifier.Anchor(sequence: log.head.sequence, hash: log.head.hash)
  #expect(findings(log.files, anchors: [anchor]) == [])
  for at in 0..<3 {
    var files = log.files
    files.remove(at: at)
    #expect(!findings(files, anchors: [anchor]).isEmpty, "file \(at)")
  }
  #expect(kinds([log.files[0], log.files[2]]) == [.missing])
  #expect(findings([log.files[0], log.files[2]]).first?.message == "is entry 7: entries 4 to 6 are not there")
}

@Test func anAnchorStandsForWhatIsNotThereAnyMore() throws {
  let log = try Log(entries: 6, perFile: 3)
  let lines = log.lines
  let third = try #require(ChainLink(line: lines[2].dropLast()))
  #expect(kinds([log.files[1]]) == [.missing])
  #expect(kinds([log.files[1]], partial: true) == [])
  #expect(findings([log.files[1]], anchors: [ChainVerifier.Anchor(sequence: 3, hash: third.hash)]) == [])
  let other = ChainVerifier.Anchor(sequence: 3, hash: String(repeating: "a", count: 64))
  #expect(findings([log.files[1]], anchors: [other]).map(\.kind).contains(.anchor))
  // Hashes that fit can be made by everybody where there is no key; an anchor from before tells.
  let forged = try Log(entries: 6, perFile: 3, from: AuditChainHead(id: third.id, sequence: 1, hash: third.hash))
  #expect(kinds(forged.files, partial: true) == [])
  let anchor = ChainVerifier.Anchor(sequence: 3, hash: third.hash)
  #expect(findings(forged.files, anchors: [anchor], partial: true).map(\.kind) == [.anchor])
}

@Test func withAKeyNobodyElseCanMakeTheHashes() throws {
  let key = try secret(7)
  let log = try Log(entries: 4, perFile: 4, key: key)
  #expect(kinds(log.files, key: key) == [])
  #expect(kinds(log.files, key: try secret(8)) == [.changed, .changed, .changed, .changed])
  #expect(findings(log.files).first?.message == "is hashed with a key, which is needed to check it")
  // A whole log that somebody made without the key.
  let plain = try Log(entries: 4, perFile: 4)
  #expect(findings(plain.files, key: key).first?.message == "is hashed without the key")
  #expect(ChainKey(SecretBytes(copying: [UInt8](repeating: 1, count: 31))) == nil)
}

@Test func aTornLineIsToldFromAnAlteredOne() throws {
  let log = try Log(entries: 3, perFile: 3)
  let lines = log.lines
  let good: [UInt8] = lines[0] + lines[1]
  let piece = Array(lines[2].prefix(40))
  let torn: [UInt8] = piece + [10]
  // Nobody went on after the crash.
  #expect(kinds([good + piece]) == [.unfinished])
  // The server named what it found.
  let second = try #require(ChainLink(line: lines[1].dropLast())).head
  var writer = ChainWriter(key: .plain, head: second, newID: "f000000000000000")
  let next = writer.link(Array("{\"a\":1}\n{\"b\":2}\n".utf8), torn: ChainLink.Fragment(piece))
  let whole: [UInt8] = [good, torn, next].flatMap { $0 }
  #expect(kinds([whole]) == [.torn])
  #expect(findings([whole]).first?.line == 3)
  // In the next file, after rotation.
  #expect(kinds([good + piece, next]) == [.torn])
  // Another piece in its place, none, or one more.
  var other = torn
  other[5] ^= 1
  let replaced: [UInt8] = [good, other, next].flatMap { $0 }
  #expect(kinds([replaced]) == [.foreign])
  #expect(kinds([good + next]) == [.missing])
  let doubled: [UInt8] = [good, torn, torn, next].flatMap { $0 }
  #expect(kinds([doubled]) == [.foreign, .torn])
}

@Test func linesFromBeforeTheChainAreRemarked() throws {
  let log = try Log(entries: 2, perFile: 2)
  let before = Array("{\"type\":\"request\"}\n{\"type\":\"response\"}\n".utf8)
  #expect(kinds([before + log.bytes]) == [.uncovered])
  #expect(kinds([log.bytes + before]) == [.foreign, .foreign])
  #expect(kinds([before]) == [.uncovered, .foreign])
  #expect(kinds([[]]) == [.foreign])
}

@Test func aChainThatBeginsAgainIsFound() throws {
  let log = try Log(entries: 2, perFile: 2)
  var writer = ChainWriter(key: .plain, head: nil, newID: "f000000000000000")
  let next = writer.link(Array("{\"a\":1}\n{\"b\":2}\n".utf8))
  #expect(kinds([log.bytes, next]) == [.restarted])
}

/// The server crashed, and its file was gone before it started again: it knows an entry of the old chain, and not the last one.
@Test func aDeclaredRestartIsRemarkedWhereItsEntryIsThere() throws {
  let log = try Log(entries: 5, perFile: 3)
  let third = try #require(ChainLink(line: log.lines[2].dropLast())).head
  func restart(after head: AuditChainHead) -> [UInt8] {
    var writer = ChainWriter(key: .plain, head: nil, newID: "f000000000000000", follows: head)
    return writer.link(Array("{\"a\":1}\n{\"b\":2}\n".utf8))
  }
  let next = restart(after: third)
  #expect(kinds(log.files + [next]) == [.declaredRestart])
  #expect(findings(log.files + [next]).first?.line == 1)
  #expect(kinds(log.files + [restart(after: log.head)]) == [.declaredRestart])
  // Cut down to what the server knew, and not further.
  #expect(kinds([log.files[0], next]) == [.declaredRestart])
  #expect(kinds([(log.lines[0] + log.lines[1]), next]) == [.missing])
  // An entry of that number that is another, and a chain that is another.
  let other = AuditChainHead(id: third.id, sequence: 3, hash: log.head.hash)
  #expect(kinds(log.files + [restart(after: other)]) == [.restarted])
  let elsewhere = AuditChainHead(id: "00000000000000aa", sequence: 3, hash: third.hash)
  #expect(kinds(log.files + [restart(after: elsewhere)]) == [.restarted])
  // Without the old chain its beginning is one in the middle.
  #expect(kinds([next]) == [.missing])
  #expect(kinds([next], partial: true) == [])
  #expect(findings([next], anchors: [ChainVerifier.Anchor(sequence: 3, hash: third.hash)]) == [])
}

/// Two chains have entries of the same numbers.
@Test func anAnchorOfTheSecondChainIsMetThere() throws {
  let log = try Log(entries: 5, perFile: 5)
  var writer = ChainWriter(key: .plain, head: nil, newID: "f000000000000000", follows: log.head)
  let next = writer.link(Array("{\"a\":1}\n{\"b\":2}\n".utf8))
  let newest = try #require(writer.head)
  let anchor = ChainVerifier.Anchor(sequence: newest.sequence, hash: newest.hash)
  #expect(findings([log.bytes, next], anchors: [anchor]).map(\.kind) == [.declaredRestart])
  #expect(findings([log.bytes], anchors: [anchor]).map(\.kind) == [.anchor])
}

@Test func whatARestartSaysIsCoveredByItsHash() throws {
  let log = try Log(entries: 3, perFile: 3)
  var writer = ChainWriter(key: .plain, head: nil, newID: "f000000000000000", follows: log.head)
  let next = writer.link(Array("{\"a\":1}\n".utf8))
  for at in next.indices where next[at] != 10 {
    var changed = next
    changed[at] ^= 1
    #expect(kinds([log.bytes, changed]) != [.declaredRestart], "byte \(at)")
  }
}

@Test func aLastLineWithoutLineFeedIsWholeWhereTheNextFileGoesOnFromIt() throws {
  let log = try Log(entries: 4, perFile: 2)
  #expect(kinds([Array(log.files[0].dropLast()), log.files[1]]) == [])
  #expect(kinds([log.files[0], Array(log.files[1].dropLast())]) == [.unfinished])
  let other = try Log(entries: 2, perFile: 2, from: log.head)
  #expect(kinds([Array(log.files[0].dropLast()), other.bytes]) == [.unfinished, .missing])
}
