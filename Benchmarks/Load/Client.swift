internal import Glibc

/// A keep-alive HTTP/1.1 connection for what is done before and between the measurements, one request after the other.
final class Client {
  struct Answer {
    let status: Int
    let body: String

    func text(_ name: String) -> String? { Client.text(name, in: Array(body.utf8)) }
  }

  /// The string member `name`, wherever it first stands.
  static func text(_ name: String, in body: [UInt8]) -> String? {
    let mark = Array("\"\(name)\":\"".utf8)
    for start in body.indices where body[start] == mark[0] && body[start...].starts(with: mark) {
      let value = body[(start + mark.count)...]
      return value.firstIndex(of: UInt8(ascii: "\"")).map { String(decoding: value[..<$0], as: UTF8.self) }
    }
    return nil
  }

  private let descriptor: Int32
  private var received: [UInt8] = []
  private var parser = AnswerParser(keepsBody: true)
  var token: String?

  init(port: Int, token: String? = nil) throws {
    self.token = token
    descriptor = try connectedSocket(port: port)
  }

  deinit { close(descriptor) }

  func send(_ method: String, _ path: String, _ body: String? = nil) throws -> Answer {
    try write(request(method, path, token: token, body: body))
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    parser = AnswerParser(keepsBody: true)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { throw Problem("\(method) \(path): the connection ended") }
      if try parser.take(buffer[..<count]) {
        return Answer(status: parser.status, body: String(decoding: parser.body, as: UTF8.self))
      }
    }
  }

  /// - Throws: unless the answer is of the class 2xx.
  @discardableResult
  func done(_ method: String, _ path: String, _ body: String? = nil) throws -> Answer {
    let answer = try send(method, path, body)
    guard answer.status / 100 == 2 else {
      throw Problem("\(method) \(path): \(answer.status) \(answer.body.prefix(300))")
    }
    return answer
  }

  private func write(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw Problem("the connection ended") }
      rest = rest.dropFirst(count)
    }
  }
}

func connectedSocket(port: Int) throws -> Int32 {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  guard descriptor >= 0 else { throw Problem("no socket: \(String(cString: strerror(errno)))") }
  var address = loopback(port: port)
  let connected = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
  guard connected == 0 else {
    close(descriptor)
    throw Problem("cannot connect: \(String(cString: strerror(errno)))")
  }
  var on: Int32 = 1
  setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  return descriptor
}

/// - Parameter headers: whole lines, each with its end.
func request(_ method: String, _ path: String, token: String?, body: String? = nil, headers: String = "") -> [UInt8] {
  var text = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
  if let token { text += "X-Vault-Token: \(token)\r\n" }
  if let body { text += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
  return Array((text + headers + "\r\n").utf8) + Array((body ?? "").utf8)
}
