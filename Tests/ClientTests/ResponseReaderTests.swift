import Testing

@testable import Client

@Suite struct ResponseReaderTests {
  /// Feeds a text in pieces of a size.
  private func read(
    _ text: String, method: String = "GET", piece: Int = 7, limit: Int = 1 << 20, sink: BodySink? = nil
  ) throws(TransportError) -> (HTTPResponse, reusable: Bool) {
    var rest = Array(text.utf8)[...]
    var reader = ResponseReader(bodyLimit: limit) { (count) throws(TransportError) in
      let bytes = Array(rest.prefix(min(count, piece)))
      rest = rest.dropFirst(bytes.count)
      return bytes
    }
    let response = try reader.response(method: method, sink: sink)
    return (response, reader.isReusable)
  }

  @Test(arguments: [1, 3, 1000]) func lengthChunksAndEndOfStream(_ piece: Int) throws {
    let counted = try read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b\r\n\r\nhellorest", piece: piece)
    #expect(counted.0.body == Array("hello".utf8))
    #expect(counted.0[header: "x-a"] == "b")
    #expect(counted.reusable)
    let chunked = try read(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: 1\r\n\r\n", piece: piece)
    #expect(chunked.0.body == Array("hello".utf8))
    let closed = try read("HTTP/1.1 200 OK\r\n\r\nhello", piece: piece)
    #expect(closed.0.body == Array("hello".utf8))
    #expect(!closed.reusable)
  }

  @Test func interimAnswersAndBodilessOnesAreSkipped() throws {
    let continued = try read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    #expect(continued.0.status == 204)
    #expect(!continued.reusable)
    let head = try read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", method: "HEAD")
    #expect(head.0.body.isEmpty)
  }

  @Test(arguments: [
    "", "HTTP/1.1 200", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nbad line\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "SSH-2.0-OpenSSH_9.2\r\n",
  ]) func nonsenseIsAnError(_ text: String) {
    #expect(throws: TransportError.self) { try read(text) }
  }

  @Test func boundsHold() {
    #expect(throws: TransportError.self) { try read("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", limit: 10) }
    #expect(throws: TransportError.self) {
      try read(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n", limit: 10)
    }
    let endless = "HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: ResponseReader.headLimit) + "\r\n\r\n"
    #expect(throws: TransportError.self) { try read(endless, piece: 1 << 16) }
  }

  @Test func sinksGetBodiesOfSuccessOnly() throws {
    var taken: [UInt8] = []
    let sink: BodySink = { piece in
      taken += piece
      return taken.count < 4
    }
    let stopped = try read("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", piece: 2, sink: sink)
    #expect(taken.count >= 4 && taken.count < 10)
    #expect(!stopped.reusable)
    taken = []
    let refused = try read("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\n{}", sink: sink)
    #expect(taken.isEmpty)
    #expect(refused.0.body == Array("{}".utf8))
  }
}
