import Glibc
import Primitives

@testable import HTTPServer

struct ClosureHandler: HTTPHandler {
  let answer: @Sendable (HTTPRequest) -> HTTPResponse
  func handle(_ request: HTTPRequest) -> HTTPResponse { answer(request) }
  func failure(_ failure: HTTPFailure, listener: Int) -> HTTPResponse {
    HTTPResponse(status: failure.status, body: .bytes(Array("refused".utf8)))
  }
}

/// What most tests ask: `/echo` gives the body back, `/big` a mebibyte, anything else says what was asked.
@Sendable func answerPlainly(_ request: HTTPRequest) -> HTTPResponse {
  switch request.path {
  case "/echo": HTTPResponse(status: 200, body: .bytes(request.body))
  case "/big": HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 66, count: 1 << 20)))
  case "/none": HTTPResponse(status: 204)
  case "/stream":
    HTTPResponse(
      status: 200,
      body: .stream { writer in for part in ["one", "two", "three"] { try writer.write(Array(part.utf8)) } })
  case "/broken":
    HTTPResponse(
      status: 200,
      body: .stream { writer in
        try writer.write(Array("half".utf8))
        throw HTTPStreamClosed()
      })
  default: HTTPResponse(status: 200, body: .bytes(Array("\(request.method) \(request.path)".utf8)))
  }
}

/// A server for one test, stopped at its end.
final class LiveServer: Sendable {
  let server: HTTPServer
  let port: Int

  init(
    _ listener: ListenerSettings = ListenerSettings(address: .tcp(host: "127.0.0.1", port: 0)),
    limits: ServerLimits = ServerLimits(), answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse = answerPlainly
  ) throws {
    server = try HTTPServer(listeners: [listener], limits: limits, handler: ClosureHandler(answer: answer))
    try server.start()
    port = server.boundPorts.first.flatMap { $0 } ?? 0
  }

  deinit { server.stop(grace: .zero) }

  func connect() -> RawClient { RawClient(port: port) }
}

/// Looks again and again until it is so; false when it is not within ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
  for _ in 0..<5000 {
    if condition() { return true }
    poll(nil, 0, 2)
  }
  return false
}

/// A client that sends exactly what it is told.
final class RawClient {
  let descriptor: Int32
  private var received: [UInt8] = []
  private(set) var isAtEnd = false

  init(port: Int) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    limitPatience()
  }

  init(path: String) {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    limitPatience()
  }

  deinit { close(descriptor) }

  private func limitPatience() {
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// False when the server did not take it all.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.send(descriptor, buffer.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Reads until there is that much; false at the end of the stream.
  func fill(_ count: Int) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while received.count < count, !isAtEnd {
      let got = recv(descriptor, &buffer, buffer.count, 0)
      if got <= 0 { isAtEnd = true } else { received.append(contentsOf: buffer[..<got]) }
    }
    return received.count >= count
  }

  func take(_ count: Int) -> [UInt8]? {
    guard fill(count) else { return nil }
    defer { received.removeFirst(count) }
    return Array(received[..<count])
  }

  func line() -> String? {
    var end = 0
    while true {
      if end + 1 >= received.count, !fill(end + 2) { return nil }
      if received[end] == 13, received[end + 1] == 10 { break }
      end += 1
    }
    defer { received.removeFirst(end + 2) }
    return String(decoding: received[..<end], as: UTF8.self)
  }

  /// Everything up to the end of the stream.
  func rest() -> String {
    _ = fill(.max)
    defer { received = [] }
    return String(decoding: received, as: UTF8.self)
  }

  struct Answer {
    var status = 0
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    var chunks = 0
    /// False when a chunked body ended too early.
    var isWhole = true
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  func answer(toHead: Bool = false) -> Answer? {
    guard let status = line(), status.hasPrefix("HTTP/1.1 ") else { return nil }
    var answer = Answer()
    answer.status = Int(status.split(separator: " ")[1]) ?? 0
    while let field = line(), !field.isEmpty {
      guard let colon = field.firstIndex(of: ":") else { return nil }
      answer.headers[field[..<colon].lowercased()] = String(field[field.index(colon, offsetBy: 2)...])
    }
    if toHead { return answer }
    if let length = answer.headers["content-length"].flatMap({ Int($0) }) {
      guard let body = take(length) else { return nil }
      answer.body = body
    } else if answer.headers["transfer-encoding"] == "chunked" {
      while true {
        guard let size = line().flatMap({ Int($0, radix: 16) }), let chunk = take(size), line() == "" else {
          answer.isWhole = false
          return answer
        }
        if size == 0 { return answer }
        answer.chunks += 1
        answer.body += chunk
      }
    }
    return answer
  }

  func get(_ path: String, _ method: String = "GET", _ fields: String = "") -> Answer? {
    send("\(method) \(path) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
    return answer(toHead: method == "HEAD")
  }
}

/// Runs a program; what it wrote to standard output and its exit status.
func run(_ arguments: [String], input: String = "") -> (status: Int32, output: [UInt8]) {
  var inPipe: [Int32] = [0, 0]
  var outPipe: [Int32] = [0, 0]
  guard pipe2(&inPipe), pipe2(&outPipe) else { return (-1, []) }
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  posix_spawn_file_actions_adddup2(&actions, inPipe[0], 0)
  posix_spawn_file_actions_adddup2(&actions, outPipe[1], 1)
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
  var strings: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
  strings.append(nil)
  var child = pid_t()
  let code = posix_spawnp(&child, arguments[0], &actions, nil, strings, environ)
  for string in strings { free(string) }
  posix_spawn_file_actions_destroy(&actions)
  close(inPipe[0])
  close(outPipe[1])
  var output: [UInt8] = []
  if code == 0 {
    _ = Array(input.utf8).withUnsafeBytes { write(inPipe[1], $0.baseAddress, $0.count) }
  }
  close(inPipe[1])
  var buffer = [UInt8](repeating: 0, count: 64 << 10)
  while code == 0 {
    let count = read(outPipe[0], &buffer, buffer.count)
    if count <= 0 { break }
    output.append(contentsOf: buffer[..<count])
  }
  close(outPipe[0])
  guard code == 0 else { return (-1, []) }
  var status: Int32 = 0
  waitpid(child, &status, 0)
  return (status >> 8 & 0xFF, output)
}

private func pipe2(_ ends: inout [Int32]) -> Bool {
  guard pipe(&ends) == 0 else { return false }
  for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  return true
}

/// A folder that is removed at the test's end.
final class TemporaryFolder {
  let path: String

  init() {
    var template = Array("/tmp/coffer-http-XXXXXX".utf8CString)
    path =
      mkdtemp(&template) == nil
      ? "/nonexistent" : String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { _ = run(["rm", "-rf", path]) }
}
