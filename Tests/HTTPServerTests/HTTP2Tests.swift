import Glibc
import Primitives
import Testing

@testable import HTTPServer

/// Speaks HTTP/2 frame by frame; header fields go out as literals without indexing (RFC 7541, section 6.2.2).
final class FrameClient {
  struct Frame {
    var type: UInt8
    var flags: UInt8
    var stream: Int
    var payload: [UInt8]
    var endsStream: Bool { flags & 1 != 0 && (type == FrameClient.data || type == FrameClient.headers) }
  }

  static let data: UInt8 = 0
  static let headers: UInt8 = 1
  static let reset: UInt8 = 3
  static let settings: UInt8 = 4
  static let goAway: UInt8 = 7
  static let windowUpdate: UInt8 = 8

  let raw: RawClient
  /// A stream that ended may still be reset, so that the client stops sending.
  private var ended: Set<Int> = []

  init(_ live: LiveServer) {
    raw = live.connect()
    raw.send(HTTP2Session.preface)
    send(Self.settings, 0, 0, [])
    // All the room there can be for answers over the connection as a whole.
    send(Self.windowUpdate, 0, 0, [0x40, 0, 0, 0])
  }

  func send(_ type: UInt8, _ flags: UInt8, _ stream: Int, _ payload: [UInt8]) {
    let length = payload.count
    var frame = [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
    frame += [UInt8(stream >> 24 & 127), UInt8(stream >> 16 & 255), UInt8(stream >> 8 & 255), UInt8(stream & 255)]
    raw.send(frame + payload)
  }

  func request(
    _ stream: Int, _ path: String, method: String = "GET", ends: Bool = true, _ more: [(String, String)] = []
  ) {
    var block: [UInt8] = []
    for (name, value) in [(":method", method), (":scheme", "http"), (":authority", "h"), (":path", path)] + more {
      block += [0, UInt8(name.utf8.count)] + Array(name.utf8)
      var length = value.utf8.count
      if length < 127 {
        block.append(UInt8(length))
      } else {
        block.append(127)
        length -= 127
        while length >= 128 {
          block.append(UInt8(length & 127 | 128))
          length >>= 7
        }
        block.append(UInt8(length))
      }
      block += Array(value.utf8)
    }
    send(Self.headers, ends ? 5 : 4, stream, block)
  }

  /// Nil at the end of the connection.
  func frame() -> Frame? {
    guard let head = raw.take(9), let payload = raw.take(Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])) else {
      return nil
    }
    let stream = Int(head[5] & 127) << 24 | Int(head[6]) << 16 | Int(head[7]) << 8 | Int(head[8])
    return Frame(type: head[3], flags: head[4], stream: stream, payload: payload)
  }

  struct Answer {
    /// The first byte of the header block: the whole status if it is in the static table (0x88 is 200).
    var start: UInt8 = 0
    var body: [UInt8] = []
    var resetCode: UInt8?
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  /// Reads until so many streams have ended; what came on each.
  func answers(_ count: Int) -> [Int: Answer] {
    var open: [Int: Answer] = [:]
    var done: [Int: Answer] = [:]
    while done.count < count, let frame = frame() {
      switch frame.type {
      case Self.headers: open[frame.stream, default: Answer()].start = frame.payload.first ?? 0
      case Self.data:
        open[frame.stream, default: Answer()].body += frame.payload
        let size = UInt32(frame.payload.count).bigEndian
        if size > 0, !frame.endsStream {
          send(Self.windowUpdate, 0, frame.stream, withUnsafeBytes(of: size) { Array($0) })
        }
      case Self.reset where !ended.contains(frame.stream):
        ended.insert(frame.stream)
        var answer = open[frame.stream] ?? Answer()
        answer.resetCode = frame.payload.last
        done[frame.stream] = answer
      default: break
      }
      if frame.endsStream {
        ended.insert(frame.stream)
        done[frame.stream] = open[frame.stream]
      }
    }
    return done
  }

  /// Reads to the end of the connection; the error code of GOAWAY if one came.
  func farewell() -> UInt8? {
    var code: UInt8?
    while let frame = frame() { if frame.type == Self.goAway { code = frame.payload[7] } }
    return code
  }
}

@Suite(.timeLimit(.minutes(1))) struct HTTP2Tests {
  private static let ok: UInt8 = 0x88

  @Test func requestsAndBodies() throws {
    let live = try LiveServer { request in
      if request.path == "/echo" { return HTTPResponse(status: 200, body: .bytes(request.body)) }
      if request.path == "/stream" { return answerPlainly(request) }
      let host = request.headers["host"] ?? ""
      let text = "\(request.method) \(request.path) ?\(request.query) \(request.protocolName) \(host) "
      return HTTPResponse(
        status: 200, body: .bytes(Array((text + request.headers.values("x").joined(separator: ",")).utf8)))
    }
    let client = FrameClient(live)
    client.request(1, "/v1/a%20b?list=true", method: "LIST", [("x", "1"), ("x", "2")])
    #expect(client.answers(1)[1]?.text == "LIST /v1/a%20b ?list=true HTTP/2.0 h 1,2")
    let body = RandomSource.seeded(3).bytes(1 << 20)
    client.request(3, "/echo", method: "PUT", ends: false)
    // One window's worth, so that nothing waits for leave to send.
    for start in stride(from: 0, to: body.count, by: 1 << 14) {
      let end = start + 1 << 14
      client.send(FrameClient.data, end == body.count ? 1 : 0, 3, Array(body[start..<end]))
    }
    #expect(client.answers(1)[3]?.body == body)
    client.request(5, "/stream")
    #expect(client.answers(1)[5]?.text == "onetwothree")
    client.request(7, "/a", method: "HEAD")
    let head = client.answers(1)[7]
    #expect(head?.start == Self.ok && head?.body == [])
    #expect(eventually { live.server.statistics.requests == 4 })
    #expect(live.server.statistics.bufferedBytes == 0)
  }

  @Test func curlAgrees() throws {
    let live = try LiveServer()
    let folder = TemporaryFolder()
    _ = run(["openssl", "rand", "-out", folder.path + "/body", "5000000"])
    let echo = run([
      "curl", "-s", "--max-time", "20", "--http2-prior-knowledge", "--data-binary", "@\(folder.path)/body",
      "http://127.0.0.1:\(live.port)/echo",
    ])
    #expect(echo.output == run(["cat", folder.path + "/body"]).output && echo.output.count == 5_000_000)
    // Without prior knowledge an offer to upgrade is passed over.
    let upgrade = run(["curl", "-s", "--http2", "http://127.0.0.1:\(live.port)/a"])
    #expect(String(decoding: upgrade.output, as: UTF8.self) == "GET /a")
  }

  /// The handlers wait for each other, so all must run at the same time.
  @Test func streamsOfAConnectionRunSideBySide() throws {
    let inside = Monitored(0)
    let live = try LiveServer { request in
      if request.path == "/free" { return answerPlainly(request) }
      inside.update { $0 += 1 }
      let all = inside.wait(atMost: .seconds(10)) { $0 >= 12 ? true : nil } ?? false
      return HTTPResponse(status: all ? 200 : 500)
    }
    let client = FrameClient(live)
    for i in 0..<11 { client.request(1 + 2 * i, "/wait") }
    client.request(101, "/free")
    #expect(client.answers(1)[101]?.text == "GET /free")
    client.request(103, "/wait")
    let answers = client.answers(12)
    #expect(answers.count == 12)
    #expect(answers.values.allSatisfy { $0.start == Self.ok })
  }

  @Test func endlessStreamHoldsNothingUp() throws {
    let live = try LiveServer { request in
      guard request.path == "/monitor" else { return answerPlainly(request) }
      return HTTPResponse(
        status: 200,
        body: .stream { writer in
          try writer.write(Array("first".utf8))
          while writer.isOpen { poll(nil, 0, 1) }
        })
    }
    let client = FrameClient(live)
    client.request(1, "/monitor")
    for i in 1..<20 {
      client.request(1 + 2 * i, "/\(i)")
      #expect(client.answers(1)[1 + 2 * i]?.text == "GET /\(i)")
    }
    #expect(eventually { live.server.statistics.streams == 1 })
    client.send(FrameClient.reset, 0, 1, [0, 0, 0, 8])
    #expect(eventually { live.server.statistics.streams == 0 })
    client.request(101, "/after")
    #expect(client.answers(1)[101]?.text == "GET /after")
  }

  @Test func refusalsEndAStreamAndNotTheConnection() throws {
    var listener = ListenerSettings(address: .tcp(host: "127.0.0.1", port: 0))
    listener.maxRequestBytes = 1000
    var limits = ServerLimits()
    limits.headerBytes = 2000
    limits.timeouts.request = .milliseconds(150)
    let live = try LiveServer(listener, limits: limits)
    let client = FrameClient(live)
    client.request(1, "/echo", method: "PUT", ends: false)
    client.send(FrameClient.data, 0, 1, [UInt8](repeating: 65, count: 1001))
    #expect(client.answers(1)[1]?.text == "refused")
    client.request(3, "/echo", method: "PUT", ends: false, [("content-length", "1001")])
    #expect(client.answers(1)[3]?.text == "refused")
    client.request(5, "/a", [("x", String(repeating: "y", count: 2000))])
    #expect(client.answers(1)[5]?.text == "refused")
    client.request(7, "no-slash")
    let odd = client.answers(1)[7]
    #expect(odd?.text == "refused" || odd?.resetCode != nil)
    client.request(9, "/echo", method: "PUT", ends: false)
    #expect(client.answers(1)[9]?.text == "refused")
    client.request(11, "/after")
    #expect(client.answers(1)[11]?.text == "GET /after")
    #expect(eventually { live.server.statistics.requests == 1 })
  }

  @Test func resetFloodEndsTheConnection() throws {
    let gate = Monitored((open: false, entered: 0))
    var limits = ServerLimits()
    limits.maxWorkers = 8
    // More may not run, even though each reset makes room for a new stream.
    limits.maxConcurrentHTTP2Streams = 4
    let live = try LiveServer(limits: limits) { _ in
      gate.update { $0.entered += 1 }
      _ = gate.wait(atMost: .seconds(10)) { $0.open ? true : nil }
      return HTTPResponse(status: 200)
    }
    let client = FrameClient(live)
    for i in 0..<500 {
      client.request(1 + 2 * i, "/")
      client.send(FrameClient.reset, 0, 1 + 2 * i, [0, 0, 0, 8])
    }
    // ENHANCE_YOUR_CALM
    #expect(client.farewell() == 11)
    gate.update { $0.open = true }
    #expect(eventually { live.server.statistics.openConnections == 0 && live.server.statistics.busyWorkers == 0 })
    #expect(gate.withLock { $0.entered } <= 4)
  }

  @Test func brokenFramesEndTheConnection() throws {
    let live = try LiveServer()
    let client = FrameClient(live)
    client.send(FrameClient.data, 0, 0, [1])
    #expect(client.farewell() == 1)
    let half = live.connect()
    half.send("PRI * HTTP/2.0\r\n\r\nSM")
    half.finishSending()
    #expect(half.rest() == "")
    let other = live.connect()
    other.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
    #expect(other.answer()?.status == 505)
    #expect(live.connect().get("/a")?.status == 200)
  }

  @Test func clientsThatDoNotReadAreCutOff() throws {
    var limits = ServerLimits()
    limits.timeouts.write = .milliseconds(150)
    let live = try LiveServer(limits: limits)
    let client = FrameClient(live)
    // Without any more window only the first 64 KiB can go.
    client.request(1, "/big")
    #expect(client.farewell() == 0)
    #expect(eventually { live.server.statistics.openConnections == 0 })
  }

  @Test func answersThatNobodyFetchesCountInTheBudget() throws {
    var limits = ServerLimits()
    limits.maxBufferedBytes = 1 << 20
    let live = try LiveServer(limits: limits)
    let client = FrameClient(live)
    for i in 0..<3 { client.request(1 + 2 * i, "/big") }
    while client.frame() != nil {}
    #expect(eventually { live.server.statistics.openConnections == 0 && live.server.statistics.bufferedBytes == 0 })
  }

  @Test func stoppingLetsStreamsFinish() throws {
    let gate = Monitored((entered: false, open: false))
    let live = try LiveServer { _ in
      gate.update { $0.entered = true }
      _ = gate.wait(atMost: .seconds(10)) { $0.open ? true : nil }
      return HTTPResponse(status: 200, body: .bytes(Array("whole".utf8)))
    }
    let client = FrameClient(live)
    client.request(1, "/")
    _ = gate.wait(atMost: .seconds(10)) { $0.entered ? true : nil }
    let server = live.server
    let stopped = Monitored(false)
    _ = ServingThread.start("stopping") {
      server.stop(grace: .seconds(10))
      stopped.update { $0 = true }
    }
    var frame = client.frame()
    while let other = frame, other.type != FrameClient.goAway { frame = client.frame() }
    #expect(frame?.payload[7] == 0)
    gate.update { $0.open = true }
    #expect(client.answers(1)[1]?.text == "whole")
    #expect(client.frame() == nil)
    #expect(stopped.wait(atMost: .seconds(10)) { $0 ? true : nil } == true)
  }
}
