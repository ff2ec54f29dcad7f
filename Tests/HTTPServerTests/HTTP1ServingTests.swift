import Glibc
import Primitives
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(1))) struct HTTP1ServingTests {
  @Test func manyRequestsOverOneConnection() throws {
    let live = try LiveServer()
    let client = live.connect()
    for i in 0..<50 {
      let answer = client.get("/v1/\(i)", "LIST")
      #expect(answer?.status == 200)
      #expect(answer?.text == "LIST /v1/\(i)")
      #expect(answer?.headers["connection"] == nil)
      #expect(answer?.headers["date"]?.hasSuffix(" GMT") == true)
    }
    #expect(eventually { live.server.statistics.requests == 50 })
    #expect(live.server.statistics.acceptedConnections == 1)
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() throws {
    let live = try LiveServer()
    let client = live.connect()
    client.send((0..<200).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined())
    for i in 0..<200 { #expect(client.answer()?.text == "GET /\(i)") }
    // Answers that do not fit the socket, with requests waiting behind them.
    client.send(
      (0..<20).map { _ in "GET /big HTTP/1.1\r\nHost: h\r\n\r\n" }.joined() + "GET /last HTTP/1.1\r\nHost: h\r\n\r\n")
    for _ in 0..<20 { #expect(client.answer()?.body.count == 1 << 20) }
    #expect(client.answer()?.text == "GET /last")
  }

  @Test func bodiesBothWays() throws {
    let live = try LiveServer()
    let client = live.connect()
    let body = RandomSource.seeded(1).bytes(1 << 20)
    client.send("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.count)\r\n\r\n")
    client.send(body)
    #expect(client.answer()?.body == body)
    client.send("PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
    for start in stride(from: 0, to: body.count, by: 1 << 16) {
      client.send("10000\r\n")
      client.send(Array(body[start..<start + 1 << 16]))
      client.send("\r\n")
    }
    client.send("0\r\n\r\n")
    #expect(client.answer()?.body == body)
    #expect(client.get("/after")?.text == "GET /after")
  }

  @Test func requestByteByByte() throws {
    let live = try LiveServer()
    let client = live.connect()
    for byte in Array("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc".utf8) { client.send([byte]) }
    #expect(client.answer()?.text == "abc")
  }

  @Test func answersWithoutBodies() throws {
    let live = try LiveServer()
    let client = live.connect()
    let head = client.get("/big", "HEAD")
    #expect(head?.headers["content-length"] == "1048576")
    let none = client.get("/none")
    #expect(none?.status == 204)
    #expect(none?.headers["content-length"] == nil)
    #expect(client.get("/stream", "HEAD")?.headers["transfer-encoding"] == "chunked")
    #expect(client.get("/after")?.text == "GET /after")
  }

  @Test func connectionsCloseWhenAsked() throws {
    let live = try LiveServer()
    let client = live.connect()
    #expect(client.get("/a", "GET", "Connection: close\r\n")?.headers["connection"] == "close")
    #expect(client.rest() == "")
    let old = live.connect()
    old.send("GET /a HTTP/1.0\r\n\r\n")
    #expect(old.answer()?.headers["connection"] == "close")
    #expect(old.rest() == "")
    let kept = live.connect()
    kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    #expect(kept.answer()?.headers["connection"] == "keep-alive")
    #expect(kept.get("/b")?.text == "GET /b")
  }

  @Test func leaveToSendTheBody() throws {
    let live = try LiveServer()
    let client = live.connect()
    client.send("PUT /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    #expect(client.line() == "HTTP/1.1 100 Continue")
    #expect(client.line() == "")
    client.send("ok")
    #expect(client.answer()?.text == "ok")
  }

  @Test func halfClosedClientGetsItsAnswers() throws {
    let live = try LiveServer()
    let client = live.connect()
    client.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n")
    client.finishSending()
    #expect(client.answer()?.body.count == 1 << 20)
    #expect(client.answer()?.text == "GET /b")
    #expect(client.rest() == "")
    #expect(eventually { live.server.statistics.openConnections == 0 })
  }

  @Test func refusals() throws {
    var listener = ListenerSettings(address: .tcp(host: "127.0.0.1", port: 0))
    listener.maxRequestBytes = 1000
    let live = try LiveServer(listener)
    func refusal(_ request: String) -> Int? {
      let client = live.connect()
      client.send(request)
      let answer = client.answer()
      #expect(answer?.headers["connection"] == "close")
      #expect(answer?.text == "refused")
      client.finishSending()
      #expect(client.rest() == "")
      return answer?.status
    }
    let post = "POST /echo HTTP/1.1\r\nHost: h\r\n"
    #expect(refusal("nonsense\r\n\r\n") == 400)
    #expect(refusal(post + "Content-Length: 1001\r\n\r\n") == 413)
    #expect(refusal(post + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n") == 413)
    #expect(refusal(post + "Transfer-Encoding: gzip\r\n\r\n") == 501)
    #expect(refusal(post + "A: " + String(repeating: "x", count: 70_000)) == 431)
    #expect(refusal("GET / HTTP/3.0\r\n\r\n") == 505)
    #expect(eventually { live.server.statistics.failures == 6 })
  }

  @Test func refusalReachesAClientThatIsStillSending() throws {
    var listener = ListenerSettings(address: .tcp(host: "127.0.0.1", port: 0))
    listener.maxRequestBytes = 1000
    let live = try LiveServer(listener)
    let client = live.connect()
    client.send("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 8000000\r\n\r\n")
    // A reset in the middle would take the answer away from some clients.
    #expect(client.send([UInt8](repeating: 65, count: 8_000_000)))
    #expect(client.answer()?.status == 413)
    client.finishSending()
    #expect(client.rest() == "")
  }

  @Test func streamedAnswers() throws {
    let live = try LiveServer()
    let client = live.connect()
    client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\nGET /after HTTP/1.1\r\nHost: h\r\n\r\n")
    let answer = client.answer()
    #expect(answer?.text == "onetwothree")
    #expect(answer?.chunks == 3)
    #expect(client.answer()?.text == "GET /after")
    #expect(client.get("/broken")?.isWhole == false)
    let old = live.connect()
    old.send("GET /stream HTTP/1.0\r\n\r\n")
    #expect(old.rest().hasSuffix("\r\n\r\nonetwothree"))
    #expect(eventually { live.server.statistics.streams == 0 })
  }

  @Test func endlessStreamEndsWithItsClient() throws {
    let live = try LiveServer { _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          try writer.write([65])
          while writer.isOpen { poll(nil, 0, 1) }
        })
    }
    var client: RawClient? = live.connect()
    client?.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(client?.line() == "HTTP/1.1 200 OK")
    #expect(live.server.statistics.streams == 1)
    client = nil
    #expect(eventually { live.server.statistics.streams == 0 && live.server.statistics.openConnections == 0 })
  }

  @Test func streamsBeyondTheLimitAreRefused() throws {
    let gate = Monitored(false)
    var limits = ServerLimits()
    limits.maxStreams = 1
    let live = try LiveServer(limits: limits) { _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          try writer.write([65])
          _ = gate.wait(atMost: .seconds(10)) { $0 ? true : nil }
        })
    }
    let first = live.connect()
    first.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    #expect(first.line() == "HTTP/1.1 200 OK")
    #expect(live.connect().get("/")?.status == 503)
    gate.update { $0 = true }
    #expect(first.rest().hasSuffix("\r\n1\r\nA\r\n0\r\n\r\n"))
    #expect(eventually { live.server.statistics.streams == 0 })
    #expect(live.connect().get("/")?.status == 200)
  }

  @Test func unixSocket() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/socket"
    let listener = ListenerSettings(address: .unix(path: path, mode: 0o660))
    // The file that a killed server left behind is in nobody's way.
    _ = try HTTPServer(listeners: [listener], handler: ClosureHandler(answer: answerPlainly))
    var live: LiveServer? = try LiveServer(listener) { request in
      HTTPResponse(status: 200, body: .bytes(Array("[\(request.remoteAddress)]\(request.remotePort)".utf8)))
    }
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o660)
    #expect(RawClient(path: path).get("/")?.text == "[]0")
    live = nil
    #expect(stat(path, &status) != 0)
    #expect(live == nil)
  }

  @Test func requestsKnowTheirClient() throws {
    let live = try LiveServer { request in
      let host = request.headers["host"] ?? ""
      return HTTPResponse(
        status: 200,
        body: .bytes(Array("\(request.remoteAddress) \(request.remotePort > 0) \(request.protocolName) \(host)".utf8)))
    }
    #expect(live.connect().get("/")?.text == "127.0.0.1 true HTTP/1.1 h")
    #expect(live.connect().get("/", "GET", "X: \u{FF}\r\n")?.status == 200)
  }

  @Test func listeningErrorsNameTheAddress() throws {
    let live = try LiveServer()
    let taken = ListenerSettings(address: .tcp(host: "127.0.0.1", port: live.port))
    let handler = ClosureHandler(answer: answerPlainly)
    do {
      _ = try HTTPServer(listeners: [taken], handler: handler)
      Issue.record("two servers at one address")
    } catch {
      #expect(error.message == "listen tcp 127.0.0.1:\(live.port): address already in use")
    }
  }
}
