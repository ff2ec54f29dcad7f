import Glibc
import Primitives
import Testing

@testable import HTTPServer

/// What clients cannot do to a server, and how it ends.
@Suite(.timeLimit(.minutes(1))) struct LimitTests {
  @Test func slowHeadersAreCutOff() throws {
    var limits = ServerLimits()
    limits.timeouts.header = .milliseconds(100)
    let live = try LiveServer(limits: limits)
    let client = live.connect()
    client.send("GET / HTTP/1.1\r\nHost:")
    #expect(client.answer()?.status == 408)
    client.finishSending()
    #expect(client.rest() == "")
    let silent = live.connect()
    #expect(silent.rest() == "")
    #expect(eventually { live.server.statistics.openConnections == 0 })
  }

  @Test func slowBodiesAreCutOff() throws {
    var limits = ServerLimits()
    limits.timeouts.request = .milliseconds(100)
    let live = try LiveServer(limits: limits)
    let client = live.connect()
    #expect(client.get("/a")?.status == 200)
    client.send("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na")
    #expect(client.answer()?.status == 408)
  }

  @Test func idleConnectionsAreClosed() throws {
    var limits = ServerLimits()
    limits.timeouts.idle = .milliseconds(100)
    let live = try LiveServer(limits: limits)
    let client = live.connect()
    #expect(client.get("/a")?.status == 200)
    #expect(client.rest() == "")
  }

  @Test func slowReadersAreCutOff() throws {
    var limits = ServerLimits()
    limits.timeouts.write = .milliseconds(200)
    let live = try LiveServer(limits: limits)
    let client = live.connect()
    client.send(String(repeating: "GET /big HTTP/1.1\r\nHost: h\r\n\r\n", count: 64))
    #expect(eventually { live.server.statistics.requests > 0 })
    #expect(eventually { live.server.statistics.openConnections == 0 })
    #expect(live.server.statistics.requests < 64, "answers are not made for a client that does not read them")
    #expect(live.server.statistics.bufferedBytes == 0)
  }

  @Test func slowReadersOfStreamsAreCutOff() throws {
    var limits = ServerLimits()
    limits.timeouts.write = .milliseconds(100)
    let failed = Monitored(false)
    let live = try LiveServer(limits: limits) { _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          do {
            while true { try writer.write([UInt8](repeating: 65, count: 1 << 20)) }
          } catch {
            failed.update { $0 = true }
            throw error
          }
        })
    }
    let client = live.connect()
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(failed.wait(atMost: .seconds(10)) { $0 ? true : nil } == true)
    #expect(eventually { live.server.statistics.openConnections == 0 })
  }

  /// More requests wait for each other in the handler than there are workers at first.
  @Test func workersComeWhileHandlersWait() throws {
    var limits = ServerLimits()
    limits.carriers = 2
    limits.maxWorkers = 40
    let inside = Monitored(0)
    let live = try LiveServer(limits: limits) { _ in
      inside.update { $0 += 1 }
      let all = inside.wait(atMost: .seconds(10)) { $0 >= 20 ? true : nil } ?? false
      return HTTPResponse(status: all ? 200 : 500)
    }
    let clients = (0..<20).map { _ in live.connect() }
    for client in clients { client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n") }
    for client in clients { #expect(client.answer()?.status == 200) }
    #expect(live.server.statistics.workers >= 20)
    #expect(live.server.statistics.workers <= 40)
  }

  @Test func idleConnectionMakesRoomForANewOne() throws {
    var limits = ServerLimits()
    limits.maxConnections = 3
    let live = try LiveServer(limits: limits)
    let clients = (0..<3).map { _ in live.connect() }
    for client in clients { #expect(client.get("/a")?.status == 200) }
    let fourth = live.connect()
    #expect(fourth.get("/b")?.status == 200)
    #expect(live.server.statistics.openConnections == 3)
    #expect(clients.compactMap { $0.get("/a")?.status } == [200, 200])
  }

  @Test func unfinishedRequestsShareABudget() throws {
    var limits = ServerLimits()
    limits.maxBufferedBytes = 1 << 20
    let live = try LiveServer(limits: limits)
    let clients = (0..<3).map { _ in live.connect() }
    for client in clients {
      client.send("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 600001\r\n\r\n")
      client.send([UInt8](repeating: 65, count: 600_000))
    }
    #expect(eventually { live.server.statistics.failures >= 1 })
    for client in clients { client.send("B") }
    let statuses = clients.compactMap { $0.answer()?.status }.sorted()
    #expect(statuses.first == 200 && statuses.last == 503, "\(statuses)")
    #expect(eventually { live.server.statistics.bufferedBytes == 0 })
  }

  @Test func stoppingLetsRequestsFinish() throws {
    let gate = Monitored((entered: false, open: false))
    let live = try LiveServer { _ in
      gate.update { $0.entered = true }
      _ = gate.wait(atMost: .seconds(10)) { $0.open ? true : nil }
      return HTTPResponse(status: 200, body: .bytes(Array("whole".utf8)))
    }
    let idle = live.connect()
    let client = live.connect()
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    _ = gate.wait(atMost: .seconds(10)) { $0.entered ? true : nil }
    let stopped = Monitored(false)
    let server = live.server
    #expect(
      ServingThread.start("stopping") {
        server.stop(grace: .seconds(10))
        stopped.update { $0 = true }
      })
    #expect(idle.rest() == "")
    #expect(!stopped.withLock { $0 })
    gate.update { $0.open = true }
    let answer = client.answer()
    #expect(answer?.text == "whole")
    #expect(answer?.headers["connection"] == "close")
    #expect(stopped.wait(atMost: .seconds(10)) { $0 ? true : nil } == true)
    #expect(live.connect().get("/") == nil)
    #expect(server.statistics.workers == 0)
  }

  @Test func stoppingCutsOffWhatDoesNotEnd() throws {
    let live = try LiveServer { _ in
      HTTPResponse(
        status: 200, body: .stream { writer in while true { try writer.write([UInt8](repeating: 65, count: 1 << 16)) } }
      )
    }
    let reading = live.connect()
    reading.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(reading.line() == "HTTP/1.1 200 OK")
    let half = live.connect()
    half.send("GET / HT")
    #expect(eventually { live.server.statistics.streams == 1 })
    live.server.stop(grace: .milliseconds(50))
    #expect(live.server.statistics.openConnections == 0)
    #expect(live.server.statistics.streams == 0)
  }

  /// Clients that do anything at any time, from several threads; afterwards nothing is left of them.
  @Test func nothingIsLeftOfUnrulyClients() throws {
    var limits = ServerLimits()
    limits.timeouts.header = .milliseconds(50)
    limits.timeouts.request = .milliseconds(50)
    let live = try LiveServer(limits: limits)
    let running = Monitored(4)
    for seed in 0..<4 {
      _ = ServingThread.start("unruly") {
        let random = RandomSource.seeded(UInt64(seed))
        for _ in 0..<60 {
          let client = live.connect()
          let requests = [
            "GET /big HTTP/1.1\r\nHost: h\r\n\r\n", "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n", "G", "\u{1}",
            "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc",
            "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
          ]
          for _ in 0...random.below(3) {
            client.send(requests[Int(random.below(UInt64(requests.count)))])
            if random.below(2) == 0 { _ = client.line() }
          }
          if random.below(3) == 0 { client.finishSending() }
        }
        running.update { $0 -= 1 }
      }
    }
    #expect(running.wait(atMost: .seconds(50)) { $0 == 0 ? true : nil } == true)
    #expect(eventually { live.server.statistics.openConnections == 0 && live.server.statistics.streams == 0 })
    let left = live.server.statistics
    #expect(left.bufferedBytes == 0)
    #expect(left.acceptedConnections == 240)
    #expect(live.connect().get("/a")?.status == 200)
  }
}
