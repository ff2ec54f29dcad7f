import Primitives
import Testing

@testable import HTTPServer

/// What a parser made of a stream, in a form that can be compared.
struct Reading: Equatable, CustomStringConvertible {
  var requests: [String] = []
  var failure: HTTPFailure?
  var continues = 0
  var description: String { "\(requests) \(String(describing: failure)) continues: \(continues)" }

  init(_ stream: [UInt8], pieces: [Int], maxBody: Int = 1000, headerBytes: Int = 600, headerCount: Int = 10) {
    var parser = RequestParser(headerBytes: headerBytes, headerCount: headerCount, maxBody: maxBody)
    var start = 0
    for end in pieces + [stream.count] {
      let piece = Array(stream[start..<end])
      start = end
      var at = 0
      feeding: while at < piece.count {
        let rest = Array(piece[at...])
        let (consumed, event) = rest.withUnsafeBufferPointer { parser.consume($0) }
        at += consumed
        switch event {
        case .incomplete: break feeding
        case .continueExpected: continues += 1
        case .request(let head, let body):
          let fields = head.headers.all.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
          let text = String(decoding: body, as: UTF8.self)
          let keeps = head.keepsAlive ? "keep" : "close"
          requests.append(
            "\(head.method) \(head.path) ?\(head.query) 1.\(head.minorVersion) \(keeps) \(fields) [\(text)]")
        case .failure(let failure):
          self.failure = failure
          return
        }
      }
    }
  }

  init(_ text: String) { self.init(Array(text.utf8), pieces: []) }
}

@Suite struct RequestParserTests {
  @Test func plainRequest() {
    let reading = Reading("GET /v1/a%2Fb?list=true&x=? HTTP/1.1\r\nHost: h\r\nX-Vault-Token:  s.1 \t\r\nEmpty:\r\n\r\n")
    #expect(reading.failure == nil)
    #expect(reading.requests == ["GET /v1/a%2Fb ?list=true&x=? 1.1 keep host=h&x-vault-token=s.1&empty= []"])
  }

  @Test func persistence() {
    func keeps(_ version: String, _ connection: String) -> Bool? {
      let reading = Reading("LIST / HTTP/\(version)\r\nhost: a\r\n\(connection)\r\n")
      return reading.requests.first.map { $0.contains(" keep ") }
    }
    #expect(keeps("1.1", "") == true)
    #expect(keeps("1.1", "Connection: x, Close\r\n") == false)
    #expect(keeps("1.0", "") == false)
    #expect(keeps("1.0", "Connection: Keep-Alive\r\n") == true)
    #expect(keeps("1.7", "") == true)
  }

  @Test func targets() {
    func target(_ target: String, _ method: String = "GET") -> String? {
      let reading = Reading("\(method) \(target) HTTP/1.1\r\nHost: h\r\n\r\n")
      guard let text = reading.requests.first else { return nil }
      return text.split(separator: " ")[1...2].joined(separator: " ")
    }
    #expect(target("http://h:8200/v1/a?b") == "/v1/a ?b")
    #expect(target("HTTPS://h") == "/ ?")
    #expect(target("http://h?q=/x") == "/ ?q=/x")
    #expect(target("*", "OPTIONS") == "* ?")
    #expect(target("*") == nil)
    #expect(target("h:1", "CONNECT") == "h:1 ?")
    #expect(target("v1/a") == nil)
    #expect(target("http:///v1") == nil)
    #expect(target("//a/b") == "//a/b ?")
    #expect(target("/a\u{7F}") == nil)
  }

  @Test func bodies() {
    let length = Reading("PUT /a HTTP/1.1\r\nHost:\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost:\r\n\r\n")
    #expect(length.requests.count == 2)
    #expect(length.requests.first?.hasSuffix("[hello]") == true)
    let chunked = Reading(
      "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n00A\r\n0123456789\r\n0\r\n"
        + "T: v\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(chunked.failure == nil)
    #expect(chunked.requests.count == 2)
    #expect(chunked.requests.first?.hasSuffix("[hello0123456789]") == true)
    let asking = Reading("PUT /a HTTP/1.1\r\nHost:\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx")
    #expect(asking.continues == 1)
    #expect(Reading("PUT /a HTTP/1.1\r\nHost:\r\nExpect: 100-continue\r\n\r\n").continues == 0)
  }

  /// Streams that a second reader could cut elsewhere, and plain rubbish.
  @Test(arguments: [
    "GET / HTTP/1.1\nHost: h\n\n",
    "GET / HTTP/1.1\r\nHost: h\r\nA: b\nC: d\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nA: b\rC: d\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n",
    "GET / HTTP/1.1\r\n Host: h\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nA\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nA: b\0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "GET / HTTP/1.1\r\nA: b\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
    "GET /\r\nHost: h\r\n\r\n",
    "GET / http/1.1\r\nHost: h\r\n\r\n",
    "GET / HTTP/11\r\nHost: h\r\n\r\n",
    "G@T / HTTP/1.1\r\nHost: h\r\n\r\n",
    "\u{16}\u{3}\u{1}",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999999999999\r\n\r\nabc",
    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\na\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a\rb\r\na\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA b\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000001\r\na\r\n0\r\n\r\n",
  ])
  func refusedAsMalformed(stream: String) {
    let reading = Reading(stream)
    guard case .badRequest? = reading.failure else {
      Issue.record("\(reading)")
      return
    }
    #expect(reading.requests == [])
  }

  @Test func otherRefusals() {
    let head = "POST / HTTP/1.1\r\nHost: h\r\n"
    #expect(Reading(head + "Transfer-Encoding: gzip, chunked\r\n\r\n").failure == .notImplemented)
    #expect(Reading(head + "Transfer-Encoding: xchunked\r\n\r\n").failure == .notImplemented)
    #expect(Reading("GET / HTTP/2.0\r\nHost: h\r\n\r\n").failure == .unsupportedVersion)
    #expect(Reading(head + "Content-Length: 1001\r\n\r\n").failure == .bodyTooLarge)
    let large = String(repeating: "x", count: 500)
    #expect(Reading(head + "Transfer-Encoding: chunked\r\n\r\n1F4\r\n\(large)\r\n1F5\r\n").failure == .bodyTooLarge)
    #expect(Reading(head + "A: \(large)\(large)\r\n\r\n").failure == .headersTooLarge)
    #expect(Reading(head + String(repeating: "a: b\r\n", count: 10) + "\r\n").failure == .headersTooLarge)
    #expect(
      Reading(head + "Transfer-Encoding: chunked\r\n\r\n1;\(large)\r\na\r\n1;\(large)\r\na\r\n").failure
        == .headersTooLarge)
  }

  private static let streams = [
    "\r\nGET /a?b HTTP/1.1\r\nHost: h\r\n\r\nPUT /c HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
      + "POST /d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;e=f\r\nabc\r\n0b\r\n0123456789a\r\n0\r\nT: u\r\n\r\n"
      + "LIST /e HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "PUT /c HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbodyGET / HTTP/1.1\r\nA: b\n\r\n",
    "GET /a HTTP/1.1\r\nHost: h\r\nLong: " + String(repeating: "y", count: 700) + "\n\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: h\r\nLong: " + String(repeating: "y", count: 559) + "\r\n\r\nGET / HTTP/3.0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n4000\r\n",
  ]

  @Test(arguments: streams.indices)
  func sameWhereverTheStreamIsSplit(index: Int) {
    let stream = Array(Self.streams[index].utf8)
    let whole = Reading(stream, pieces: [])
    for split in 0...stream.count { #expect(Reading(stream, pieces: [split]) == whole, "split at \(split)") }
    #expect(Reading(stream, pieces: Array(1..<stream.count)) == whole, "byte by byte")
  }

  /// Valid streams with a few bytes changed: whatever they have become, it does not depend on the pieces, and nothing traps.
  @Test func damagedStreamsReadTheSameInPieces() {
    let random = RandomSource.seeded(7)
    for round in 0..<3000 {
      var stream = Array(Self.streams[round % Self.streams.count].utf8)
      for _ in 0...random.below(3) {
        let at = Int(random.below(UInt64(stream.count)))
        let letters = Array("\r\n :;0aF\t\0\u{7F}?".utf8)
        stream[at] = letters[Int(random.below(UInt64(letters.count)))]
      }
      let pieces = (0..<random.below(5)).map { _ in Int(random.below(UInt64(stream.count))) }.sorted()
      #expect(Reading(stream, pieces: pieces) == Reading(stream, pieces: []), "round \(round)")
    }
  }
}

@Suite struct ResponseEncoderTests {
  private func encode(
    _ response: HTTPResponse, framing: ResponseEncoder.Framing, keepsAlive: Bool = true, minorVersion: Int = 1
  ) -> String {
    var out: [UInt8] = []
    let date = DateLine.format(seconds: 784_111_777)
    ResponseEncoder.appendHead(
      response, framing: framing, keepsAlive: keepsAlive, minorVersion: minorVersion, date: date, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  @Test func heads() {
    let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    #expect(
      encode(HTTPResponse(status: 200, headers: [("A", "b")]), framing: .length(120))
        == "HTTP/1.1 200 OK\r\nA: b\r\n\(date)Content-Length: 120\r\n\r\n")
    #expect(
      encode(HTTPResponse(status: 473), framing: .chunked, keepsAlive: false)
        == "HTTP/1.1 473 Status\r\n\(date)Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
    #expect(
      encode(HTTPResponse(status: 204), framing: .none, minorVersion: 0)
        == "HTTP/1.1 204 No Content\r\n\(date)Connection: keep-alive\r\n\r\n")
  }

  @Test func handlerCannotForgeHeadersOrFraming() {
    let headers = [("X", "a\r\nSet-Cookie: b\0"), ("content-LENGTH", "3"), ("Transfer-Encoding", "gzip")]
    let text = encode(
      HTTPResponse(status: 200, headers: headers.map { (name: $0.0, value: $0.1) }), framing: .length(0))
    #expect(text.contains("X: a  Set-Cookie: b \r\n"))
    #expect(!text.contains("gzip") && text.contains("Content-Length: 0\r\n") && !text.contains("content-LENGTH"))
  }

  @Test func chunks() {
    var out: [UInt8] = []
    ResponseEncoder.appendChunk([UInt8](repeating: 65, count: 17), to: &out)
    #expect(String(decoding: out, as: UTF8.self) == "11\r\n\(String(repeating: "A", count: 17))\r\n")
  }
}
