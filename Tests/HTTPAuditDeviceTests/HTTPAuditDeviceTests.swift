import AuditAPI
import Glibc
import HTTPAuditDevice
import Primitives
import Testing

/// A server that takes posts one after the other and answers with the statuses it was told.
private final class Collector: Sendable {
  struct Post: Equatable {
    var head: String
    var body: String
  }

  private struct State {
    var posts: [Post] = []
    var connections = 0
  }

  let port: UInt16
  private let listener: Int32
  private let state = Locked(State())
  private let statuses: [Int]
  private let closesAfterEach: Bool

  init(statuses: [Int] = [], closesAfterEach: Bool = false) throws {
    self.statuses = statuses
    self.closesAfterEach = closesAfterEach
    let end = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    listener = end
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(end, $0, size) == 0 && getsockname(end, $0, &size) == 0
      }
    }
    try #require(bound)
    try #require(listen(end, 8) == 0)
    port = UInt16(bigEndian: place.sin_port)
    let thread = BackgroundThread { [self] in serve() }
    try #require(thread).detach()
  }

  var posts: [Post] { state.withLock { $0.posts } }
  var connections: Int { state.withLock { $0.connections } }

  private func serve() {
    while true {
      let connection = accept(listener, nil, nil)
      if connection < 0 { return }
      state.withLock { $0.connections += 1 }
      while let post = read(connection) {
        let number = state.withLock { state in
          state.posts.append(post)
          return state.posts.count - 1
        }
        let status = number < statuses.count ? statuses[number] : 204
        let answer = Array("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n".utf8)
        _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
        if closesAfterEach { break }
      }
      close(connection)
    }
  }

  private func read(_ connection: Int32) -> Post? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let text = String(decoding: bytes, as: UTF8.self)
      let parts = text.components(at: "\r\n\r\n")
      if let (head, body) = parts {
        let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
        let count = line.flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
        if body.utf8.count >= count { return Post(head: head, body: body) }
      }
      let n = recv(connection, &buffer, buffer.count, 0)
      if n <= 0 { return nil }
      bytes += buffer.prefix(n)
    }
  }
}

extension String {
  fileprivate func components(at separator: String) -> (String, String)? {
    let (text, mark) = (Array(utf8), Array(separator.utf8))
    guard text.count >= mark.count else { return nil }
    for at in 0...(text.count - mark.count) where text[at..<at + mark.count].elementsEqual(mark) {
      return (String(decoding: text[..<at], as: UTF8.self), String(decoding: text[(at + mark.count)...], as: UTF8.self))
    }
    return nil
  }
}

private func device(_ options: [String: String], isDeclared: Bool = false) throws(AuditDeviceError) -> any AuditDevice {
  try HTTPAuditDevice.type.make(AuditDeviceContext(path: "http/", options: options, isDeclared: isDeclared))
}

private func failure(_ body: () throws(AuditDeviceError) -> Void) -> String {
  do throws(AuditDeviceError) {
    try body()
    return ""
  } catch {
    return error.message
  }
}

private func refusal(_ options: [String: String], isDeclared: Bool = false) -> String {
  do throws(AuditDeviceError) {
    _ = try device(options, isDeclared: isDeclared)
    return ""
  } catch {
    return error.message
  }
}

@Test func httpOptionsThatMakeNoSense() {
  #expect(refusal([:]) == "\"uri\" is required: invalid configuration")
  for uri in ["ftp://a/", "http://", "http://a b/", "unix:///a", "http://a/\n"] {
    #expect(refusal(["uri": uri]) == "\"uri\" must be an http or https URL: invalid configuration")
  }
  for headers in ["x", "[]", #"{"A":1}"#, #"{"A":[1]}"#] {
    #expect(refusal(["uri": "http://a/", "headers": headers]).hasPrefix("unable to parse \"headers\""))
  }
  for headers in [#"{"A B":["c"]}"#, #"{"":["c"]}"#, #"{"Content-Length":["0"]}"#, #"{"host":["c"]}"#] {
    #expect(refusal(["uri": "http://a/", "headers": headers]).hasPrefix("'headers' holds a name"))
  }
  #expect(refusal(["uri": "http://a/", "headers": #"{"A":["c\r\nB: d"]}"#]).hasPrefix("'headers' holds a value"))
  #expect(refusal(["uri": "http://a/", "timeout": "0"]) == "unable to parse \"timeout\": invalid configuration")
  #expect(refusal(["uri": "https://a.example:8443/x?y=z", "headers": #"{"A":[],"B":["c","d"]}"#]) == "")
}

/// Whoever may enable devices through the API may not read the server's files with them.
@Test func referencesAreForTheConfiguration() throws {
  let options = ["uri": "http://a/", "headers": #"{"Authorization":["file:///etc/hostname"]}"#]
  #expect(refusal(options).contains("in the server's configuration only"))
  #expect(refusal(["uri": "env://HOME"]).contains("in the server's configuration only"))
  #expect(refusal(options, isDeclared: true) == "")
  #expect(refusal(["uri": "env://NO_SUCH_VARIABLE_HERE"], isDeclared: true).contains("is not set"))
  #expect(refusal(["uri": "file:///no/such/file"], isDeclared: true).contains("cannot be read"))
}

@Test func eachEntryIsPosted() throws {
  let collector = try Collector()
  let device = try device([
    "uri": "http://127.0.0.1:\(collector.port)/in/gress?a=b#c", "headers": #"{"X-Key":["one","two"],"X-None":[]}"#,
  ])
  #expect(!device.isPrompt)
  try device.write(Array("{\"a\":1}\n{\"a\":2}\n".utf8))
  try device.write(Array("{\"a\":3}\n".utf8))
  #expect(collector.posts.map(\.body) == ["{\"a\":1}\n", "{\"a\":2}\n", "{\"a\":3}\n"])
  #expect(collector.connections == 1)
  let head = try #require(collector.posts.first).head
  #expect(head.hasPrefix("POST /in/gress?a=b HTTP/1.1\r\n"))
  #expect(head.contains("\r\nX-Key: one\r\nX-Key: two\r\n"))
  #expect(head.contains("\r\nContent-Type: application/json\r\n"))
  #expect(head.contains("\r\nHost: 127.0.0.1:\(collector.port)\r\n"))
  #expect(!head.contains("X-None"))
  try device.reopen()
  try device.write(Array("4\n".utf8))
  #expect(collector.connections == 2)
  device.close()
  #expect(throws: AuditDeviceError.self) { try device.write(Array("5\n".utf8)) }
}

@Test func aRefusalIsAnErrorThatTellsNothing() throws {
  let collector = try Collector(statuses: [200, 503, 302])
  let device = try device(["uri": "http://127.0.0.1:\(collector.port)/"])
  try device.write(Array("1\n".utf8))
  for status in [503, 302] {
    let message = failure { () throws(AuditDeviceError) in try device.write(Array("secret\n".utf8)) }
    #expect(message == "unable to post: the server answers \(status)")
  }
  try device.write(Array("4\n".utf8))
  #expect(collector.posts.count == 4)
}

@Test func aServerThatClosesIsConnectedToAnew() throws {
  let collector = try Collector(closesAfterEach: true)
  let device = try device(["uri": "http://127.0.0.1:\(collector.port)/"])
  for number in 1...5 { try device.write(Array("\(number)\n".utf8)) }
  let bodies = collector.posts.map(\.body)
  // One may be there twice, and none is missing.
  #expect(Set(bodies) == ["1\n", "2\n", "3\n", "4\n", "5\n"])
}

@Test func nobodyThere() throws {
  let device = try device(["uri": "http://127.0.0.1:1/"])
  #expect(throws: AuditDeviceError.self) { try device.write(Array("1\n".utf8)) }
}
