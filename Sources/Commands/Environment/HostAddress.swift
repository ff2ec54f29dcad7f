internal import Glibc

enum HostAddress {
  /// The first address of a host, in numbers; nil where nobody knows it.
  static func find(_ host: String) -> String? {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &found) == 0, let first = found else { return nil }
    defer { freeaddrinfo(found) }
    return text(first.pointee.ai_addr, first.pointee.ai_addrlen)
  }

  /// The addresses of all interfaces of this machine, in numbers.
  static func own() -> [String] {
    var found: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&found) == 0 else { return [] }
    defer { freeifaddrs(found) }
    var addresses: [String] = []
    var next = found
    while let entry = next?.pointee {
      next = entry.ifa_next
      guard let address = entry.ifa_addr else { continue }
      let length: Int
      switch Int32(address.pointee.sa_family) {
      case AF_INET: length = MemoryLayout<sockaddr_in>.size
      case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
      default: continue
      }
      // What follows a percent sign is the interface.
      if let text = text(address, socklen_t(length)) { addresses.append(String(text.prefix { $0 != "%" })) }
    }
    return addresses
  }

  private static func text(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> String? {
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
