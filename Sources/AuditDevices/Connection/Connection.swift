package import AuditAPI
internal import Glibc
package import Primitives

/// A connected socket that entries are sent through, each send within a bound. Closed when the last one who uses it
/// lets go.
package final class Connection: Sendable {
  private let descriptor: Int32
  private let keepsBoundaries: Bool
  private let patience: TimeSpan?

  fileprivate init(descriptor: Int32, keepsBoundaries: Bool, patience: TimeSpan?) {
    self.descriptor = descriptor
    self.keepsBoundaries = keepsBoundaries
    self.patience = patience
  }

  deinit { close(descriptor) }

  /// Each entry is a message of its own, which arrives whole or not at all.
  package var isMessageOriented: Bool { keepsBoundaries }

  /// False where the other side has gone away, as far as it can be seen from here. Entries that were sent to it would
  /// be lost without an error.
  package var isUp: Bool {
    var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&state, 1, 0) > 0 else { return true }
    if Int32(state.revents) & (POLLERR | POLLHUP | POLLNVAL) != 0 { return false }
    if keepsBoundaries { return true }
    var byte: UInt8 = 0
    // What receivers send is of no interest, but the end of it is.
    while true {
      let n = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
      if n == 0 { return false }
      if n < 0 { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR }
    }
  }

  /// - Throws: where not all was taken in time. The connection is of no more use then.
  package func send(_ bytes: ArraySlice<UInt8>) throws(AuditDeviceError) {
    let deadline = patience.map { WallClock.monotonicNanoseconds() &+ UInt64(max(0, $0.nanoseconds)) }
    var rest = bytes
    while !rest.isEmpty {
      let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
      let n = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
      if n >= 0 {
        rest = rest.dropFirst(n)
      } else if errno == EAGAIN || errno == EWOULDBLOCK {
        try Self.wait(descriptor, for: POLLOUT, until: deadline)
      } else if errno == EMSGSIZE {
        throw AuditDeviceError("unable to send: the entry is too long for one message")
      } else if errno != EINTR {
        throw AuditDeviceError("unable to send: \(Self.text(errno))")
      }
    }
  }

  fileprivate static func wait(
    _ descriptor: Int32, for event: Int32, until deadline: UInt64?
  ) throws(AuditDeviceError) {
    var state = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: event), revents: 0)
    var timeout: Int32 = -1
    if let deadline {
      let now = WallClock.monotonicNanoseconds()
      if now >= deadline { throw timedOut }
      timeout = Int32(clamping: (deadline - now) / 1_000_000 + 1)
    }
    if poll(&state, 1, timeout) == 0 { throw timedOut }
  }

  fileprivate static func text(_ code: Int32) -> String { String(cString: strerror(code)) }

  private static let timedOut = AuditDeviceError("unable to send: the other side does not take it in time")
}

/// Where a connection leads.
package enum Endpoint: Sendable, Equatable {
  /// `family` is AF_UNSPEC, AF_INET or AF_INET6.
  case network(host: String, port: String, isStream: Bool, family: Int32)
  case unix(path: String, UnixKind)

  package enum UnixKind: Sendable, Equatable { case stream, datagram, packets }

  /// - Parameter patience: the bound for connecting and for each `send`; nil for none.
  package func connect(within patience: TimeSpan?) throws(AuditDeviceError) -> Connection {
    switch self {
    case .unix(let path, let kind): try Self.unix(path, kind, patience)
    case .network(let host, let port, let isStream, let family):
      try Self.network(host, port, isStream, family, patience)
    }
  }

  private static func unix(
    _ path: String, _ kind: UnixKind, _ patience: TimeSpan?
  ) throws(AuditDeviceError) -> Connection {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw AuditDeviceError("unable to connect to \(path): the path is too long")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let type =
      switch kind {
      case .stream: SOCK_STREAM
      case .datagram: SOCK_DGRAM
      case .packets: SOCK_SEQPACKET
      }
    return try withUnsafePointer(to: &address) { pointer throws(AuditDeviceError) in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer throws(AuditDeviceError) in
        try open(
          AF_UNIX, Int32(type.rawValue), pointer, socklen_t(MemoryLayout<sockaddr_un>.size), path, kind != .stream,
          patience)
      }
    }
  }

  private static func network(
    _ host: String, _ port: String, _ isStream: Bool, _ family: Int32, _ patience: TimeSpan?
  ) throws(AuditDeviceError) -> Connection {
    var hints = addrinfo()
    hints.ai_family = family
    hints.ai_socktype = Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, port, &hints, &list)
    guard code == 0, let list else {
      let reason = gai_strerror(code).map { String(cString: $0) } ?? "unknown host"
      throw AuditDeviceError("unable to connect to \(host): \(reason)")
    }
    defer { freeaddrinfo(list) }
    var failure = AuditDeviceError("unable to connect to \(host): no address")
    var entry: UnsafeMutablePointer<addrinfo>? = list
    while let info = entry?.pointee {
      defer { entry = info.ai_next }
      do throws(AuditDeviceError) {
        return try open(
          info.ai_family, info.ai_socktype, info.ai_addr, info.ai_addrlen, "\(host):\(port)", !isStream, patience)
      } catch {
        failure = error
      }
    }
    throw failure
  }

  private static func open(
    _ family: Int32, _ type: Int32, _ address: UnsafePointer<sockaddr>?, _ length: socklen_t, _ name: String,
    _ keepsBoundaries: Bool, _ patience: TimeSpan?
  ) throws(AuditDeviceError) -> Connection {
    let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(family, type | flags, 0)
    func failure(_ code: Int32) -> AuditDeviceError {
      AuditDeviceError("unable to connect to \(name): \(Connection.text(code))")
    }
    if descriptor < 0 { throw failure(errno) }
    let connection = Connection(descriptor: descriptor, keepsBoundaries: keepsBoundaries, patience: patience)
    // The system gives as much of it as it allows; a message may be as long as that.
    var room: Int32 = 4 << 20
    if keepsBoundaries {
      setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &room, socklen_t(MemoryLayout<Int32>.size))
    }
    let deadline = patience.map { WallClock.monotonicNanoseconds() &+ UInt64(max(0, $0.nanoseconds)) }
    if Glibc.connect(descriptor, address, length) == 0 { return connection }
    guard errno == EINPROGRESS else { throw failure(errno) }
    do throws(AuditDeviceError) {
      try Connection.wait(descriptor, for: POLLOUT, until: deadline)
    } catch {
      throw failure(ETIMEDOUT)
    }
    var outcome: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &outcome, &size)
    if outcome != 0 { throw failure(outcome) }
    return connection
  }
}
