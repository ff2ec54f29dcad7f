import AuditAPI
import FileAuditDevice
import Glibc
import Primitives
import Testing

private func device(_ options: [String: String]) throws(AuditDeviceError) -> any AuditDevice {
  try FileAuditDevice.type.make(AuditDeviceContext(path: "file/", options: options))
}

private func refusal(_ options: [String: String]) -> String {
  do throws(AuditDeviceError) {
    _ = try device(options)
    return ""
  } catch {
    return error.message
  }
}

@Test func optionsThatMakeNoSense() throws {
  let folder = try Folder()
  #expect(refusal([:]) == "\"file_path\" is required: invalid configuration")
  #expect(refusal(["file_path": " "]) == "\"file_path\" is required: invalid configuration")
  #expect(refusal(["file_path": folder.path + "/no/such/dir/a.log", "mode": "xyz"]) == "invalid mode: xyz")
  #expect(refusal(["file_path": folder.path + "/a", "mode": "0755"]) == "file mode may not be executable: 0755")
  #expect(refusal(["file_path": folder.path + "/a", "mode": "4600"]).hasPrefix("invalid mode: 4600"))
  #expect(refusal(["file_path": folder.path]).contains("Is a directory"))
  #expect(refusal(["file_path": folder.path + "/no/a.log"]).contains("No such file or directory"))
  #expect(folder.read("a") == nil)
}

@Test func modes() throws {
  let folder = try Folder()
  let path = folder.path + "/a.log"
  try device(["file_path": path]).close()
  #expect(folder.mode("a.log") == 0o600)
  try device(["file_path": path, "mode": "0640"]).close()
  #expect(folder.mode("a.log") == 0o640)
  try device(["file_path": path, "mode": "0000"]).close()
  #expect(folder.mode("a.log") == 0o640)
  try device(["file_path": folder.path + "/new.log", "mode": "0000"]).close()
  #expect(folder.mode("new.log") == 0o600)
}

@Test func appendsAndFollowsRotation() throws {
  let folder = try Folder()
  let path = folder.path + "/a.log"
  let first = try device(["file_path": path])
  #expect(first.isPrompt)
  try first.write(Array("1\n".utf8))
  first.close()
  #expect(throws: AuditDeviceError.self) { try first.write(Array("lost\n".utf8)) }
  let second = try device(["file_path": path])
  try second.write(Array("2\n3\n".utf8))
  #expect(rename(path, path + ".1") == 0)
  try second.write(Array("4\n".utf8))
  try second.reopen()
  try second.write(Array("5\n".utf8))
  #expect(folder.read("a.log.1") == "1\n2\n3\n4\n")
  #expect(folder.read("a.log") == "5\n")
}

@Test func aDeletedFileIsMadeAnew() throws {
  let folder = try Folder()
  let path = folder.path + "/a.log"
  let device = try device(["file_path": path])
  try device.write(Array("1\n".utf8))
  #expect(unlink(path) == 0)
  try device.write(Array("2\n".utf8))
  #expect(folder.read("a.log") == "2\n")
}

@Test func aFailedReopenKeepsTheOldFile() throws {
  let folder = try Folder()
  let path = folder.path + "/a.log"
  let device = try device(["file_path": path])
  #expect(rename(path, path + ".1") == 0)
  #expect(mkdir(path, 0o700) == 0)
  defer { rmdir(path) }
  #expect(throws: AuditDeviceError.self) { try device.reopen() }
  try device.write(Array("1\n".utf8))
  #expect(folder.read("a.log.1") == "1\n")
}

@Test func aFullDeviceIsAnError() throws {
  let device = try device(["file_path": "/dev/full"])
  #expect(!device.isPrompt)
  #expect(throws: AuditDeviceError.self) { try device.write(Array("1\n".utf8)) }
}

@Test func anEntryAfterATornOneBeginsALine() throws {
  let folder = try Folder()
  let path = folder.path + "/pipe"
  #expect(mkfifo(path, 0o600) == 0)
  #expect(refusal(["file_path": path]).contains("No such device or address"))
  let reader = open(path, O_RDONLY | O_NONBLOCK)
  #expect(reader >= 0)
  defer { close(reader) }
  let device = try device(["file_path": path])
  #expect(!device.isPrompt)
  // The writing end, made to refuse what the pipe cannot hold instead of waiting for room.
  let ends = (3..<256).filter { $0 != reader && sameFile($0, reader) && fcntl($0, F_GETFL) & O_ACCMODE == O_WRONLY }
  let end = try #require(ends.first)
  #expect(fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) == 0)
  #expect(throws: AuditDeviceError.self) {
    try device.write([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20) + [10])
  }
  var chunk = [UInt8](repeating: 0, count: 1 << 20)
  #expect(read(reader, &chunk, chunk.count) > 0)
  try device.write(Array("next\n".utf8))
  let n = read(reader, &chunk, chunk.count)
  #expect(String(decoding: chunk.prefix(max(0, n)), as: UTF8.self) == "\nnext\n")
}

private func sameFile(_ a: Int32, _ b: Int32) -> Bool {
  var first = stat()
  var second = stat()
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_ino == second.st_ino
    && first.st_dev == second.st_dev
}

@Test func discardKeepsNothing() throws {
  let device = try device(["file_path": "discard"])
  #expect(device.isPrompt)
  try device.write(Array("1\n".utf8))
  try device.reopen()
}
