internal import Glibc

/// A keep-alive HTTP/1.1 connection for what is done before and between the measurements, one request after the other.
final class Client {
  struct Answer {
    let status: Int
    let body: String

    /// The string member `name`, wherever it first stands.
    func text(_ name: String) -> String? {
      guard let place = body.range(of: "\"\(name)\":\"") else { return nil }
      let rest = body[place...]
      return rest.firstIndex(of: "\"").map { String(rest[..<$0]) }
    }
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
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL.rawValue)) }
      guard count > 0 else { throw Problem("the connection ended") }
      rest = rest.dropFirst(count)
    }
  }
}

extension String {
  /// The place behind the first occurrence of `text`, to the end.
  fileprivate func range(of text: String) -> PartialRangeFrom<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].utf8.starts(with: text.utf8) { return utf8.index(start, offsetBy: text.utf8.count)... }
      start = utf8.index(after: start)
    }
    return nil
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

func request(_ method: String, _ path: String, token: String?, body: String? = nil) -> [UInt8] {
  var text = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
  if let token { text += "X-Vault-Token: \(token)\r\n" }
  if let body { text += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
  return Array(text.utf8) + Array("\r\n".utf8) + Array((body ?? "").utf8)
}
