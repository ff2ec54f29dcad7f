import AuditAPI
import Glibc
import Primitives
import SyslogAuditDevice
import Testing

/// A daemon's socket in the place of /dev/log.
private final class Daemon {
  let descriptor: Int32
  let path: String

  init(isStream: Bool = false) throws {
    descriptor = socket(AF_UNIX, Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue), 0)
    path = "/tmp/audit-syslog-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    var place = sockaddr_un()
    place.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &place.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let bound = withUnsafePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    try #require(bound)
    if isStream { try #require(listen(descriptor, 4) == 0) }
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  func next(_ from: Int32? = nil) -> String {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let n = recv(from ?? descriptor, &buffer, buffer.count, 0)
    return String(decoding: buffer.prefix(max(0, n)), as: UTF8.self)
  }
}

private let clock = WallClock { Timestamp(seconds: 1_767_323_045) }

/// `Mmm dd hh:mm:ss` is 15 characters, whatever the time zone.
private func matches(_ message: String, _ priority: Int, _ tag: String, _ entry: String) -> Bool {
  let head = "<\(priority)>"
  return message.hasPrefix(head) && String(message.dropFirst(head.count + 15)) == " \(tag)[\(getpid())]: \(entry)"
}

private func failure(_ body: () throws(AuditDeviceError) -> Void) -> String {
  do throws(AuditDeviceError) {
    try body()
    return ""
  } catch {
    return error.message
  }
}

private func refusal(_ options: [String: String]) -> String {
  do throws(AuditDeviceError) {
    _ = try SyslogAuditDevice(options: options)
    return ""
  } catch {
    return error.message
  }
}

@Test func syslogOptionsThatMakeNoSense() {
  #expect(refusal(["facility": "NOWHERE"]) == "unknown 'facility': invalid configuration")
  #expect(refusal(["tag": "a\nb"]) == "'tag' must be a word: invalid configuration")
  #expect(refusal(["facility": "local7", "tag": "coffer"]) == "")
}

@Test func eachEntryIsAMessage() throws {
  let daemon = try Daemon()
  let device = try SyslogAuditDevice(options: [:], sockets: ["/nonexistent/log", daemon.path], clock: clock)
  #expect(!device.isPrompt)
  try device.write(Array("{\"a\":1}\n{\"a\":2}\n".utf8))
  #expect(matches(daemon.next(), 38, "vault", "{\"a\":1}\n"))
  #expect(matches(daemon.next(), 38, "vault", "{\"a\":2}\n"))
  let other = try SyslogAuditDevice(
    options: ["facility": "LOCAL3", "tag": "coffer"], sockets: [daemon.path], clock: clock)
  try other.write(Array("x\n".utf8))
  #expect(matches(daemon.next(), 19 * 8 + 6, "coffer", "x\n"))
}

@Test func aDaemonMayListenAtAStream() throws {
  let daemon = try Daemon(isStream: true)
  let device = try SyslogAuditDevice(options: [:], sockets: [daemon.path], clock: clock)
  try device.write(Array("x\n".utf8))
  let end = accept(daemon.descriptor, nil, nil)
  #expect(matches(daemon.next(end), 38, "vault", "x\n"))
  close(end)
}

@Test func withoutADaemonThereIsAnError() throws {
  let device = try SyslogAuditDevice(options: [:], sockets: ["/nonexistent/log"])
  let message = failure { () throws(AuditDeviceError) in try device.write(Array("x\n".utf8)) }
  #expect(message == "no syslog daemon listens on this machine")
}

@Test func aDaemonThatBeganAnewIsFound() throws {
  let daemon = try Daemon()
  let path = daemon.path + "-link"
  #expect(symlink(daemon.path, path) == 0)
  defer { unlink(path) }
  let device = try SyslogAuditDevice(options: [:], sockets: [path], clock: clock)
  try device.write(Array("1\n".utf8))
  #expect(daemon.next().hasSuffix("1\n"))
  let other = try Daemon()
  unlink(path)
  #expect(symlink(other.path, path) == 0)
  try device.reopen()
  try device.write(Array("2\n".utf8))
  #expect(other.next().hasSuffix("2\n"))
}
