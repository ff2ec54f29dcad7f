import AuditAPI
import Glibc
import Primitives
import SocketAuditDevice
import Testing

/// A socket that somebody listens at, on loopback or in a folder.
final class Receiver: Sendable {
  enum Kind { case tcp, udp, unix, unixDatagram }

  let descriptor: Int32
  let address: String
  private let path: String

  init(_ kind: Kind) throws {
    let isStream = kind == .tcp || kind == .unix
    let type = Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue)
    let family = kind == .tcp || kind == .udp ? AF_INET : AF_UNIX
    let end = socket(family, type, 0)
    descriptor = end
    if family == AF_INET {
      let port = try Self.bindToLoopback(end)
      address = "127.0.0.1:\(port)"
      path = ""
    } else {
      path = "/tmp/audit-socket-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
      address = path
      try Self.bind(end, to: path)
    }
    if isStream { try #require(listen(descriptor, 8) == 0) }
  }

  private static func bindToLoopback(_ end: Int32) throws -> UInt16 {
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(end, $0, size) == 0 && getsockname(end, $0, &size) == 0
      }
    }
    try #require(bound)
    return UInt16(bigEndian: place.sin_port)
  }

  private static func bind(_ end: Int32, to path: String) throws {
    var place = sockaddr_un()
    place.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &place.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let bound = withUnsafePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(end, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    try #require(bound)
  }

  deinit {
    close(descriptor)
    if !path.isEmpty { unlink(path) }
  }

  func accepted() -> Int32 { accept(descriptor, nil, nil) }
}

func received(_ descriptor: Int32, _ count: Int) -> String {
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  var out: [UInt8] = []
  while out.count < count {
    let n = recv(descriptor, &buffer, buffer.count, 0)
    if n <= 0 { break }
    out += buffer.prefix(n)
  }
  return String(decoding: out, as: UTF8.self)
}

private func device(_ options: [String: String]) throws(AuditDeviceError) -> any AuditDevice {
  try SocketAuditDevice.type.make(AuditDeviceContext(path: "socket/", options: options))
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
    _ = try device(options)
    return ""
  } catch {
    return error.message
  }
}

@Test func socketsThatMakeNoSense() {
  #expect(refusal([:]) == "\"address\" is required: invalid configuration")
  #expect(refusal(["address": "127.0.0.1"]) == "\"address\" needs a port: invalid configuration")
  #expect(refusal(["address": "::1:99"]) == "\"address\" needs a host and a port: invalid configuration")
  #expect(
    refusal(["address": "a:1", "socket_type": "carrier"]) == "unsupported \"socket_type\": invalid configuration")
  for text in ["soon", "-1s"] {
    let message = refusal(["address": "a:1", "write_timeout": text])
    #expect(message == "unable to parse \"write_timeout\": invalid configuration")
  }
  #expect(refusal(["address": "[::1]:99", "socket_type": "TCP6", "write_timeout": "0"]) == "")
  #expect(refusal(["address": ":99"]) == "")
}

@Test func aStreamGetsLines() throws {
  for kind in [Receiver.Kind.tcp, .unix] {
    let receiver = try Receiver(kind)
    let device = try device(["address": receiver.address, "socket_type": kind == .unix ? "unix" : "tcp"])
    #expect(!device.isPrompt)
    try device.write(Array("1\n2\n".utf8))
    try device.write(Array("3\n".utf8))
    let end = receiver.accepted()
    #expect(received(end, 6) == "1\n2\n3\n")
    close(end)
    device.close()
    #expect(throws: AuditDeviceError.self) { try device.write(Array("4\n".utf8)) }
  }
}

@Test func eachDatagramIsAnEntry() throws {
  for kind in [Receiver.Kind.udp, .unixDatagram] {
    let receiver = try Receiver(kind)
    let device = try device(["address": receiver.address, "socket_type": kind == .udp ? "udp" : "unixgram"])
    try device.write(Array("one\ntwo\n".utf8))
    #expect(received(receiver.descriptor, 1) == "one\n")
    #expect(received(receiver.descriptor, 1) == "two\n")
  }
}

@Test func anEntryTooLongForADatagramIsAnError() throws {
  let receiver = try Receiver(.udp)
  let device = try device(["address": receiver.address, "socket_type": "udp"])
  let message = failure { () throws(AuditDeviceError) in
    try device.write([UInt8](repeating: UInt8(ascii: "x"), count: 100_000) + [10])
  }
  #expect(message == "unable to send: the entry is too long for one message")
  try device.write(Array("next\n".utf8))
  #expect(received(receiver.descriptor, 1) == "next\n")
}

@Test func aReceiverThatWentAwayIsFoundAgain() throws {
  let receiver = try Receiver(.tcp)
  let device = try device(["address": receiver.address])
  try device.write(Array("1\n".utf8))
  let first = receiver.accepted()
  #expect(received(first, 2) == "1\n")
  close(first)
  // Nothing is lost although a first write after the end would succeed.
  try device.write(Array("2\n".utf8))
  let second = receiver.accepted()
  #expect(received(second, 2) == "2\n")
  try device.reopen()
  try device.write(Array("3\n".utf8))
  let third = receiver.accepted()
  #expect(received(third, 2) == "3\n")
  close(second)
  close(third)
}

@Test func nobodyThereIsAnErrorUntilSomebodyIs() throws {
  let gone = try Receiver(.unix)
  let path = gone.address + "-later"
  let device = try device(["address": path, "socket_type": "unix"])
  #expect(throws: AuditDeviceError.self) { try device.write(Array("1\n".utf8)) }
  #expect(symlink(gone.address, path) == 0)
  defer { unlink(path) }
  try device.write(Array("2\n".utf8))
  let end = gone.accepted()
  #expect(received(end, 2) == "2\n")
  close(end)
}

/// The receiver takes nothing: the write ends by its own timeout, or by the connection's buffers never.
@Test func aReceiverThatTakesNothingIsAnErrorInTime() throws {
  let receiver = try Receiver(.unix)
  let device = try device(["address": receiver.address, "socket_type": "unix", "write_timeout": "10ms"])
  let entry = [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20) + [10]
  let message = failure { () throws(AuditDeviceError) in try device.write(entry) }
  #expect(message == "unable to send: the other side does not take it in time")
}
