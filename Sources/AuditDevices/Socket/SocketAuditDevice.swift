package import AuditAPI
internal import AuditConnection
internal import Glibc
internal import Primitives

/// Sends entries to a TCP, UDP or Unix socket: as lines to a stream, one in a message elsewhere.
package final class SocketAuditDevice: AuditDevice {
  /// Options: `address` (`HOST:PORT` or the path of a Unix socket), `socket_type` (`tcp`, `udp`, `unix`, and what Go's
  /// dialler knows beside them; default `tcp`) and `write_timeout` (default `2s`; 0 for none).
  package static let type = AuditDeviceType(name: "socket") { context throws(AuditDeviceError) in
    try SocketAuditDevice(options: context.options)
  }

  private let connection: KeptConnection
  package let isPrompt = false

  package init(options: [String: String]) throws(AuditDeviceError) {
    let address = options["address"] ?? ""
    if address.isEmpty { throw .configuration("\"address\" is required") }
    let type = options["socket_type"].flatMap { $0.isEmpty ? nil : $0.lowercased() } ?? "tcp"
    let endpoint = try Self.endpoint(type, address)
    let written = options["write_timeout"].flatMap { $0.isEmpty ? nil : $0 } ?? "2s"
    guard let timeout = TimeSpan(api: written), timeout >= .zero else {
      throw .configuration("unable to parse \"write_timeout\"")
    }
    let patience = timeout == .zero ? nil : timeout
    connection = KeptConnection { () throws(AuditDeviceError) in try endpoint.connect(within: patience) }
  }

  package func write(_ entries: [UInt8]) throws(AuditDeviceError) {
    if connection.isClosed { throw AuditDeviceError("the socket is closed") }
    try connection.send { connection throws(AuditDeviceError) in
      guard connection.isMessageOriented else { return try connection.send(entries[...]) }
      for entry in entries.entries { try connection.send(entry) }
    }
  }

  package func reopen() throws(AuditDeviceError) { connection.drop() }
  package func close() { connection.close() }

  private static func endpoint(_ type: String, _ address: String) throws(AuditDeviceError) -> Endpoint {
    switch type {
    case "unix": return .unix(path: address, .stream)
    case "unixgram": return .unix(path: address, .datagram)
    case "unixpacket": return .unix(path: address, .packets)
    case "tcp", "udp": return try network(type, address, AF_UNSPEC)
    case "tcp4", "udp4": return try network(type, address, AF_INET)
    case "tcp6", "udp6": return try network(type, address, AF_INET6)
    default: throw .configuration("unsupported \"socket_type\"")
    }
  }

  private static func network(_ type: String, _ address: String, _ family: Int32) throws(AuditDeviceError) -> Endpoint {
    guard let colon = address.lastIndex(of: ":") else { throw .configuration("\"address\" needs a port") }
    var host = address[..<colon]
    let port = address[address.index(after: colon)...]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    if host.contains("["), host.contains("]") { throw .configuration("\"address\" makes no sense") }
    guard !port.isEmpty, !host.contains(":") || address.hasPrefix("[") else {
      throw .configuration("\"address\" needs a host and a port")
    }
    return .network(
      host: host.isEmpty ? "localhost" : String(host), port: String(port), isStream: type.hasPrefix("tcp"),
      family: family)
  }
}
