import AuditAPI
import AuditChain
import FileAuditDevice
import Glibc
import Primitives
import SecretMemory
import Testing

/// What the server keeps for a device.
private final class Memory: Sendable {
  let bytes = Locked<[UInt8]?>(nil)

  var device: AuditDeviceMemory {
    AuditDeviceMemory(load: { self.bytes.withLock { $0 } }, save: { new in self.bytes.withLock { $0 = new } })
  }
}

private func device(
  _ folder: Folder, _ memory: Memory? = nil, seed: UInt64 = 1, options: [String: String] = [:]
) throws(AuditDeviceError) -> FileAuditDevice {
  var all = ["file_path": folder.path + "/a.log", "chain": "true"]
  all.merge(options) { $1 }
  return try FileAuditDevice(options: all, memory: memory?.device, random: .seeded(seed))
}

private func entry(_ number: Int) -> [UInt8] { Array("{\"n\":\(number),\"type\":\"request\"}\n".utf8) }

private func kinds(
  _ folder: Folder, _ names: [String], key: ChainKey = .plain, head: AuditChainHead? = nil
) -> [ChainVerifier.Kind] {
  let anchors = head.map { [ChainVerifier.Anchor(sequence: $0.sequence, hash: $0.hash)] } ?? []
  var verifier = ChainVerifier(key: key, anchors: anchors)
  for (index, name) in names.enumerated() {
    if index > 0 { verifier.nextFile() }
    var rest = Array((folder.read(name) ?? "").utf8)[...]
    while let end = rest.firstIndex(of: 10) {
      verifier.read(rest[..<end])
      rest = rest[(end + 1)...]
    }
    if !rest.isEmpty { verifier.read(rest, isWhole: false) }
  }
  verifier.finish()
  return verifier.take().map(\.kind)
}

private func overwrite(_ folder: Folder, _ name: String, _ text: String) throws {
  let descriptor = open(folder.path + "/" + name, O_WRONLY | O_TRUNC | O_CREAT, 0o600)
  try #require(descriptor >= 0)
  defer { close(descriptor) }
  let bytes = Array(text.utf8)
  #expect(write(descriptor, bytes, bytes.count) == bytes.count)
}

@Test func aChainGoesOnAcrossRotationAndRestart() throws {
  let folder = try Folder()
  let memory = Memory()
  let first = try device(folder, memory)
  #expect(first.chainHead == nil)
  try first.write(entry(1) + entry(2))
  #expect(first.chainHead?.sequence == 2)
  #expect(rename(folder.path + "/a.log", folder.path + "/a.log.1") == 0)
  try first.write(entry(3))
  try first.reopen()
  try first.write(entry(4))
  first.close()
  let second = try device(folder, memory, seed: 2)
  try second.write(entry(5))
  // SIGHUP without rotation changes nothing.
  try second.reopen()
  try second.write(entry(6))
  second.close()
  // Rotated while it was not running.
  #expect(rename(folder.path + "/a.log", folder.path + "/a.log.2") == 0)
  let third = try device(folder, memory, seed: 3)
  try third.write(entry(7))
  #expect(kinds(folder, ["a.log.1", "a.log.2", "a.log"], head: third.chainHead) == [])
  #expect(third.chainHead?.sequence == 7)
}

@Test func aDeletedFileLeavesAGapAndNoFork() throws {
  let folder = try Folder()
  let device = try device(folder)
  try device.write(entry(1))
  #expect(unlink(folder.path + "/a.log") == 0)
  try device.write(entry(2))
  #expect(kinds(folder, ["a.log"]) == [.missing])
  #expect(device.chainHead?.sequence == 2)
}

@Test func aCrashIsGoneOnFrom() throws {
  let folder = try Folder()
  let memory = Memory()
  let first = try device(folder, memory)
  for number in 1...3 { try first.write(entry(number)) }
  // Never closed; the last entry got there in part.
  let text = try #require(folder.read("a.log"))
  try overwrite(folder, "a.log", String(text.dropLast(20)))
  let second = try device(folder, memory, seed: 2)
  try second.write(entry(4))
  #expect(kinds(folder, ["a.log"], head: second.chainHead) == [.torn])
  #expect(second.chainHead?.sequence == 3)
  second.close()
  #expect(kinds(folder, ["a.log"]) == [.torn])
}

@Test func anEntryThatLacksOnlyItsLineFeedIsKept() throws {
  let folder = try Folder()
  let first = try device(folder)
  try first.write(entry(1) + entry(2))
  let text = try #require(folder.read("a.log"))
  try overwrite(folder, "a.log", String(text.dropLast()))
  let second = try device(folder, seed: 2)
  try second.write(entry(3))
  #expect(kinds(folder, ["a.log"], head: second.chainHead) == [])
  #expect(second.chainHead?.sequence == 3)
}

@Test func whatWasCutWhileTheServerStoodStillShows() throws {
  let folder = try Folder()
  let memory = Memory()
  let first = try device(folder, memory)
  for number in 1...4 { try first.write(entry(number)) }
  first.close()
  let text = try #require(folder.read("a.log"))
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  try overwrite(folder, "a.log", lines.prefix(3).joined(separator: "\n") + "\n")
  // Before the next entry only the server's memory knows.
  #expect(kinds(folder, ["a.log"]) == [])
  let second = try device(folder, memory, seed: 2)
  try second.write(entry(5))
  #expect(kinds(folder, ["a.log"]) == [.missing])
}

@Test func aChainWithoutMemoryGoesOnFromTheFile() throws {
  let folder = try Folder()
  let first = try device(folder)
  try first.write(entry(1))
  first.close()
  let second = try device(folder, seed: 2)
  try second.write(entry(2))
  #expect(kinds(folder, ["a.log"]) == [])
}

@Test func aChainCanBeginInALogThatIsThere() throws {
  let folder = try Folder()
  try overwrite(folder, "a.log", "{\"type\":\"request\"}\n")
  let device = try device(folder)
  try device.write(entry(1))
  #expect(kinds(folder, ["a.log"]) == [.uncovered])
}

@Test func theKeyComesFromAFile() throws {
  let folder = try Folder()
  let text = String(repeating: "k", count: 40)
  try overwrite(folder, "key", text)
  let path = folder.path + "/key"
  let device = try device(folder, options: ["chain_key_file": path])
  try device.write(entry(1) + entry(2))
  let key = try #require(ChainKey(SecretBytes(copying: Array(text.utf8))))
  #expect(kinds(folder, ["a.log"], key: key) == [])
  #expect(kinds(folder, ["a.log"]) == [.changed, .changed])
}

@Test func chainsThatMakeNoSense() throws {
  let folder = try Folder()
  func refusal(_ options: [String: String]) -> String {
    do throws(AuditDeviceError) {
      _ = try device(folder, options: options)
      return ""
    } catch {
      return error.message
    }
  }
  #expect(refusal(["chain": "si"]) == "unable to parse \"chain\": invalid configuration")
  #expect(refusal(["format": "jsonx"]) == "\"chain\" needs the format json: invalid configuration")
  #expect(refusal(["prefix": "a\nb"]) == "\"chain\" needs a prefix without line feeds: invalid configuration")
  #expect(refusal(["file_path": "stdout"]) == "\"chain\" needs a file to go on from: invalid configuration")
  #expect(refusal(["file_path": "discard"]) == "\"chain\" needs a file to go on from: invalid configuration")
  #expect(refusal(["chain": "false", "chain_key_file": "k"]).hasPrefix("\"chain_key_file\" needs \"chain\""))
  #expect(refusal(["chain_key_file": folder.path + "/none"]).contains("No such file or directory"))
  try overwrite(folder, "short", "abc")
  #expect(refusal(["chain_key_file": folder.path + "/short"]).contains("at least 32 bytes"))
  #expect(folder.read("a.log") == nil)
}

/// Renamed after a crash and before the next start, in part or whole, under another name: the chain goes on from there.
@Test(arguments: ["a.log.1", "a.log-20261121"], [0, 1, 20])
func aFileRotatedAfterACrashIsFound(name: String, cut: Int) throws {
  let folder = try Folder()
  let memory = Memory()
  let first = try device(folder, memory)
  for number in 1...5 { try first.write(entry(number)) }
  let text = try #require(folder.read("a.log"))
  try overwrite(folder, name, String(text.dropLast(cut)))
  try overwrite(folder, "a.log.0", text.split(separator: "\n").prefix(2).joined(separator: "\n") + "\n")
  #expect(unlink(folder.path + "/a.log") == 0)
  let second = try device(folder, memory, seed: 2)
  try second.write(entry(6))
  #expect(second.chainHead?.sequence == (cut < 2 ? 6 : 5))
  #expect(kinds(folder, [name, "a.log"], head: second.chainHead) == (cut < 2 ? [] : [.torn]))
}

@Test func aFileThatWasChangedIsNotGoneOnFrom() throws {
  let folder = try Folder()
  let memory = Memory()
  let first = try device(folder, memory)
  for number in 1...3 { try first.write(entry(number)) }
  let text = try #require(folder.read("a.log"))
  try overwrite(folder, "a.log.1", text.split(separator: "\"n\":3").joined(separator: "\"n\":9"))
  #expect(unlink(folder.path + "/a.log") == 0)
  let second = try device(folder, memory, seed: 2)
  try second.write(entry(4))
  #expect(second.chainHead?.sequence == 1)
  #expect(kinds(folder, ["a.log.1", "a.log"]) == [.changed, .declaredRestart])
}

/// Compressed, say, or taken to another machine: what the server knew stands in the first entry of the new chain.
@Test func aFileThatIsNotFoundAfterACrashIsNamed() throws {
  let folder = try Folder()
  let memory = Memory()
  let first = try device(folder, memory)
  for number in 1...5 { try first.write(entry(number)) }
  #expect(rename(folder.path + "/a.log", folder.path + "/elsewhere") == 0)
  let second = try device(folder, memory, seed: 2)
  try second.write(entry(6))
  try second.write(entry(7))
  #expect(kinds(folder, ["elsewhere", "a.log"], head: second.chainHead) == [.declaredRestart])
  #expect(kinds(folder, ["a.log"]) == [.missing])
  second.close()
  // The new chain is gone on from like any other.
  let third = try device(folder, memory, seed: 3)
  try third.write(entry(8))
  #expect(kinds(folder, ["elsewhere", "a.log"], head: third.chainHead) == [.declaredRestart])
}
