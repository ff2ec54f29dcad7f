internal import Glibc

/// A socket that clients connect to.
struct ListeningSocket: Sendable {
  let descriptor: Int32
  /// Nil for a unix socket.
  let port: Int?
  /// The file of a unix socket, to be removed at the end.
  let path: String?

  /// Binds and listens. Errors name the address and what the system said.
  static func open(_ address: ListenerSettings.Address) throws(HTTPServerError) -> ListeningSocket {
    switch address {
    case .tcp(let host, let port): try openTCP(host, port)
    case .unix(let path, let mode, let user, let group): try openUnix(path, mode, user, group)
    }
  }

  /// Nobody can connect any more; the descriptor stays until `close`, for threads that may just be using it.
  func stopListening() {
    shutdown(descriptor, Int32(SHUT_RDWR))
    if let path { unlink(path) }
  }

  func close() { _ = Glibc.close(descriptor) }

  private static func openTCP(_ host: String, _ port: Int) throws(HTTPServerError) -> ListeningSocket {
    let shown = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    func failure(_ reason: String) -> HTTPServerError { HTTPServerError("listen tcp \(shown): \(reason)") }
    guard (0...65535).contains(port) else { throw failure("invalid port") }
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    // Without a host `::` comes before `0.0.0.0`, and takes IPv4 too.
    let name: String? = host.isEmpty ? nil : host
    let code = getaddrinfo(name, String(port), &hints, &list)
    guard code == 0 else { throw failure(String(cString: gai_strerror(code))) }
    defer { freeaddrinfo(list) }
    var candidates: [addrinfo] = []
    var next = list
    while let entry = next {
      candidates.append(entry.pointee)
      next = entry.pointee.ai_next
    }
    candidates.sort { $0.ai_family == AF_INET6 && $1.ai_family != AF_INET6 }
    if !host.isEmpty { candidates.sort { $0.ai_family == AF_INET && $1.ai_family != AF_INET } }
    var reason = "no address"
    for candidate in candidates {
      let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
      let descriptor = socket(candidate.ai_family, type, 0)
      guard descriptor >= 0 else {
        reason = lastError()
        continue
      }
      set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
      // Accepted sockets inherit these.
      set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
      set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
      if candidate.ai_family == AF_INET6 { set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
      if bind(descriptor, candidate.ai_addr, candidate.ai_addrlen) == 0, listen(descriptor, 4096) == 0 {
        return ListeningSocket(descriptor: descriptor, port: boundPort(descriptor), path: nil)
      }
      reason = lastError()
      _ = Glibc.close(descriptor)
    }
    throw failure(reason)
  }

  private static func openUnix(_ path: String, _ mode: UInt32?, _ user: String?, _ group: String?)
    throws(HTTPServerError) -> ListeningSocket
  {
    func failure(_ reason: String) -> HTTPServerError { HTTPServerError("listen unix \(path): \(reason)") }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let fits = withUnsafeMutableBytes(of: &address.sun_path) { field in
      guard !bytes.isEmpty, bytes.count < field.count, !bytes.contains(0) else { return false }
      field.copyBytes(from: bytes)
      return true
    }
    guard fits else { throw failure("the path is empty or too long for a socket") }
    var status = stat()
    if lstat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFSOCK else { throw failure("a file that is not a socket is in the way") }
      unlink(path)
    }
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { throw failure(lastError()) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0 else {
      let reason = lastError()
      _ = Glibc.close(descriptor)
      throw failure(reason)
    }
    do throws(HTTPServerError) {
      if let mode, chmod(path, mode) != 0 { throw failure("setting its mode: \(lastError())") }
      let owner = try user.map { name throws(HTTPServerError) in try userNumber(name, failure) } ?? uid_t.max
      let team = try group.map { name throws(HTTPServerError) in try groupNumber(name, failure) } ?? gid_t.max
      if user != nil || group != nil, chown(path, owner, team) != 0 {
        throw failure("setting its owner: \(lastError())")
      }
      guard listen(descriptor, 4096) == 0 else { throw failure(lastError()) }
    } catch {
      _ = Glibc.close(descriptor)
      unlink(path)
      throw error
    }
    return ListeningSocket(descriptor: descriptor, port: nil, path: path)
  }

  private static func userNumber(_ name: String, _ failure: (String) -> HTTPServerError) throws(HTTPServerError)
    -> uid_t
  {
    if let number = uid_t(name) { return number }
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
      throw failure("unknown user \(name)")
    }
    return entry.pw_uid
  }

  private static func groupNumber(_ name: String, _ failure: (String) -> HTTPServerError) throws(HTTPServerError)
    -> gid_t
  {
    if let number = gid_t(name) { return number }
    var entry = Glibc.group()
    var found: UnsafeMutablePointer<Glibc.group>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
      throw failure("unknown group \(name)")
    }
    return entry.gr_gid
  }

  private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  private static func boundPort(_ descriptor: Int32) -> Int? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let code = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return code == 0 ? PeerAddress(storage).port : nil
  }
}

/// The other end of a connection.
struct PeerAddress: Sendable {
  /// Numeric; an IPv4 address that came over IPv6 is shown as IPv4. Empty for a unix socket.
  var host = ""
  var port = 0

  init(_ storage: sockaddr_storage) {
    var storage = storage
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN) + 1)
    withUnsafePointer(to: &storage) { pointer in
      switch Int32(pointer.pointee.ss_family) {
      case AF_INET:
        pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
          var number = address.pointee.sin_addr
          inet_ntop(AF_INET, &number, &text, socklen_t(text.count))
          port = Int(UInt16(bigEndian: address.pointee.sin_port))
        }
      case AF_INET6:
        pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
          var number = address.pointee.sin6_addr
          inet_ntop(AF_INET6, &number, &text, socklen_t(text.count))
          port = Int(UInt16(bigEndian: address.pointee.sin6_port))
        }
      default: return
      }
    }
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let mapped = Array("::ffff:".utf8)
    let isMapped = bytes.starts(with: mapped) && bytes.contains(UInt8(ascii: "."))
    host = String(decoding: isMapped ? bytes[mapped.count...] : bytes[...], as: UTF8.self)
  }
}

/// What errno says, in words.
func lastError() -> String { errorText(errno) }

func errorText(_ code: Int32) -> String {
  var buffer = [CChar](repeating: 0, count: 256)
  _ = strerror_r(code, &buffer, buffer.count)
  let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return text.prefix(1).lowercased() + text.dropFirst()
}
