internal import Glibc
internal import Primitives

/// A blocking stream socket whose calls give up at a deadline.
final class Socket: ByteStream {
  let descriptor: Int32
  var deadline: UInt64
  private var isOpen = true

  private init(descriptor: Int32, deadline: UInt64) {
    self.descriptor = descriptor
    self.deadline = deadline
  }

  deinit { close() }

  func close() {
    if isOpen { _ = Glibc.close(descriptor) }
    isOpen = false
  }

  // MARK: Connecting

  static func connect(to endpoint: ServerAddress.Endpoint, deadline: UInt64) throws(TransportError) -> Socket {
    switch endpoint {
    case .unix(let path): return try connect(path: path, deadline: deadline)
    case .tcp(let host, let port): return try connect(host: host, port: port, deadline: deadline)
    }
  }

  private static func connect(path: String, deadline: UInt64) throws(TransportError) -> Socket {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard bytes.count < room else { throw TransportError("dial unix \(path): path is too long", mayPass: false) }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let socket = try open(AF_UNIX, deadline: deadline, what: "dial unix \(path)")
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket.descriptor, $0, size) }
    }
    if status != 0 { throw TransportError("dial unix \(path): connect: \(message(errno))") }
    return socket
  }

  private static func connect(host: String, port: UInt16, deadline: UInt64) throws(TransportError) -> Socket {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    var code = getaddrinfo(host, String(port), &hints, &list)
    if code != 0 {
      // A machine with nothing but a loopback interface has no address family configured.
      hints.ai_flags = AI_NUMERICSERV
      code = getaddrinfo(host, String(port), &hints, &list)
    }
    guard code == 0, let list else {
      let reason = gai_strerror(code).map { String(cString: $0) } ?? "no such host"
      throw TransportError("dial tcp: lookup \(host): \(reason)")
    }
    defer { freeaddrinfo(list) }
    var failure = TransportError("dial tcp: lookup \(host): no such host")
    var entry: UnsafeMutablePointer<addrinfo>? = list
    while let info = entry?.pointee {
      defer { entry = info.ai_next }
      let shown = numeric(info, port: port)
      do throws(TransportError) {
        let socket = try open(info.ai_family, deadline: deadline, what: "dial tcp \(shown)")
        try socket.applyDeadline("dial tcp \(shown)")
        if Glibc.connect(socket.descriptor, info.ai_addr, info.ai_addrlen) == 0 {
          var on: Int32 = 1
          setsockopt(socket.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
          return socket
        }
        let timedOut = errno == EINPROGRESS || errno == EAGAIN
        failure = TransportError("dial tcp \(shown): \(timedOut ? "i/o timeout" : "connect: \(message(errno))")")
      } catch {
        failure = error
      }
    }
    throw failure
  }

  private static func open(_ family: Int32, deadline: UInt64, what: String) throws(TransportError) -> Socket {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, type, 0)
    if descriptor < 0 { throw TransportError("\(what): socket: \(message(errno))") }
    return Socket(descriptor: descriptor, deadline: deadline)
  }

  private static func numeric(_ info: addrinfo, port: UInt16) -> String {
    var text = [CChar](repeating: 0, count: 64)
    let code = getnameinfo(
      info.ai_addr, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
    let host = code == 0 ? String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "?"
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  static func message(_ code: Int32) -> String {
    // Lower case, as in every other message.
    guard let text = strerror(code) else { return "error \(code)" }
    let message = String(cString: text)
    return message.prefix(1).lowercased() + message.dropFirst()
  }

  // MARK: Traffic

  var isIdle: Bool {
    var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&state, 1, 0) == 0
  }

  func receive(_ count: Int) throws(TransportError) -> [UInt8] {
    while true {
      try applyDeadline("read")
      var received = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        received = recv(descriptor, buffer.baseAddress, count, 0)
        filled = max(0, received)
      }
      if received >= 0 { return bytes }
      if errno == EINTR { continue }
      throw failure("read")
    }
  }

  func send(_ bytes: [UInt8]) throws(TransportError) {
    var sent = 0
    while sent < bytes.count {
      try applyDeadline("write")
      let n = bytes.withUnsafeBytes { buffer in
        Glibc.send(descriptor, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, Int32(MSG_NOSIGNAL))
      }
      if n >= 0 { sent += n } else if errno != EINTR { throw failure("write") }
    }
  }

  private func failure(_ what: String) -> TransportError {
    errno == EAGAIN || errno == EWOULDBLOCK
      ? TransportError("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
      : TransportError("\(what): \(Self.message(errno))")
  }

  /// Gives the kernel what is left of the time. Also covers `connect`, which heeds the send timeout.
  func applyDeadline(_ what: String) throws(TransportError) {
    let now = WallClock.monotonicNanoseconds()
    guard now < deadline else {
      throw TransportError("\(what): context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
    }
    let left = deadline - now
    // A timeout of zero would mean forever.
    var time = timeval(tv_sec: Int(min(left / 1_000_000_000, 1 << 31)), tv_usec: Int(left % 1_000_000_000 / 1000))
    if time.tv_sec == 0 && time.tv_usec == 0 { time.tv_usec = 1 }
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
  }
}
