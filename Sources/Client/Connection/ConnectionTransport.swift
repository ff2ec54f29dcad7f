internal import Glibc
internal import Primitives

/// HTTP/1.1 over one connection that is kept open between exchanges with the same server.
package final class ConnectionTransport: Transport {
  private struct Held {
    let server: ServerAddress
    let stream: any ByteStream
    var reader: ResponseReader
  }

  private let tls: TLSSettings
  private let proxy: ProxyRules
  private let timeout: TimeSpan
  private let responseBytes: Int
  private var held: Held?

  package init(_ configuration: ClientConfiguration) {
    tls = configuration.tls
    proxy = configuration.proxy
    timeout = configuration.timeout
    responseBytes = configuration.responseBytes
    // OpenSSL writes without MSG_NOSIGNAL; a peer that went away must be an error, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
  }

  package func exchange(_ request: HTTPRequest, sink: BodySink?) throws(TransportError) -> HTTPResponse {
    let now = WallClock.monotonicNanoseconds()
    let soon = now &+ UInt64(clamping: timeout.nanoseconds)
    // What goes to a sink lasts as long as its reader wants: a log that is followed, a large snapshot.
    let deadline = sink == nil ? soon : now &+ (1 << 62)
    if let kept = held, kept.server == request.server {
      held = nil
      // Servers close idle connections. What was closed before this request was not acted on.
      if kept.stream.isIdle {
        do throws(TransportError) { return try run(request, on: kept, deadline: deadline, sink: sink) } catch {
          // It may also close just now; what changes nothing can be asked again.
          let canRepeat = request.method == "GET" && sink == nil && WallClock.monotonicNanoseconds() < deadline
          if !canRepeat { throw error }
        }
      }
      kept.stream.close()
    }
    return try run(request, on: try connect(to: request.server, deadline: soon), deadline: deadline, sink: sink)
  }

  private func run(
    _ request: HTTPRequest, on connection: Held, deadline: UInt64, sink: BodySink?
  ) throws(TransportError) -> HTTPResponse {
    var connection = connection
    connection.stream.deadline = deadline
    try connection.stream.send(head(request) + (request.body ?? []))
    let response = try connection.reader.response(method: request.method, sink: sink)
    if connection.reader.isReusable { held = connection } else { connection.stream.close() }
    return response
  }

  private func head(_ request: HTTPRequest) throws(TransportError) -> [UInt8] {
    let throughProxy = !request.server.isSecure && proxy.proxy(for: request.server) != nil
    var text = "\(request.method) \(throughProxy ? request.url : request.target) HTTP/1.1\r\n"
    text += "Host: \(request.server.authority)\r\n"
    for (name, value) in request.headers {
      let clean = (name + value).utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
      guard clean, !name.isEmpty, !name.contains(":"), !name.contains(" ") else {
        throw TransportError("net/http: invalid header field \"\(name)\"", mayPass: false)
      }
      text += "\(name): \(value)\r\n"
    }
    if let body = request.body { text += "Content-Length: \(body.count)\r\n" }
    text += "Accept: */*\r\n\r\n"
    return Array(text.utf8)
  }

  private func connect(to server: ServerAddress, deadline: UInt64) throws(TransportError) -> Held {
    let socket: Socket
    if let proxy = proxy.proxy(for: server) {
      socket = try connect(to: server, through: proxy, deadline: deadline)
    } else {
      socket = try Socket.connect(to: server.endpoint, deadline: deadline)
    }
    let stream: any ByteStream
    if server.isSecure, case .tcp(let host, _) = server.endpoint {
      stream = try TLSStream(over: socket, host: host, settings: tls)
    } else {
      stream = socket
    }
    let reader = ResponseReader(bodyLimit: responseBytes) { count throws(TransportError) in try stream.receive(count) }
    return Held(server: server, stream: stream, reader: reader)
  }

  private func connect(
    to server: ServerAddress, through proxy: String, deadline: UInt64
  ) throws(TransportError) -> Socket {
    let place: ServerAddress
    do throws(ConfigurationError) {
      place = try ServerAddress(proxy.contains("://") ? proxy : "http://" + proxy)
    } catch {
      throw TransportError("proxy: \(error)", mayPass: false)
    }
    if place.isSecure { throw TransportError("proxy: https proxies are not supported", mayPass: false) }
    let socket = try Socket.connect(to: place.endpoint, deadline: deadline)
    guard server.isSecure, case .tcp(let host, let port) = server.endpoint else { return socket }
    let target = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    try socket.send(Array("CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n\r\n".utf8))
    var reader = ResponseReader(bodyLimit: 64 << 10) { (_) throws(TransportError) in
      // Byte by byte, because what follows the head belongs to TLS.
      try socket.receive(1)
    }
    // A 2xx answer to CONNECT has no body (RFC 9110, section 9.3.6), as with HEAD.
    let response = try reader.response(method: "HEAD", sink: nil)
    if !(200..<300).contains(response.status) { throw TransportError("proxy: answered \(response.status)") }
    return socket
  }
}
