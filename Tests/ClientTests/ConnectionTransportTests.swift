import Glibc
import Primitives
import Testing

@testable import Client

/// A server of fixed answers on a socket in /tmp: each connection gets the next list of answers, one for each request.
private final class SocketServer: @unchecked Sendable {
  // Unchecked because the thread alone reads what was set before it started, and counts behind a lock.
  let path: String
  private let descriptor: Int32
  private let connections: [[String]]
  let requests = Locked<[String]>([])

  init(_ connections: [String]...) throws {
    self.connections = connections
    path = "/tmp/coffer-client-\(getpid())-\(RandomSource.system.base62(8)).sock"
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
    }
    try #require(bound == 0 && listen(descriptor, 4) == 0)
    var thread = pthread_t()
    let own = Unmanaged.passRetained(self).toOpaque()
    pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<SocketServer>.fromOpaque(context).takeRetainedValue().serve() }
        return nil
      }, own)
    pthread_detach(thread)
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  private func serve() {
    for answers in connections {
      let peer = accept(descriptor, nil, nil)
      if peer < 0 { return }
      for answer in answers {
        var request = ""
        var byte: UInt8 = 0
        while !request.hasSuffix("\r\n\r\n"), read(peer, &byte, 1) == 1 {
          request.unicodeScalars.append(Unicode.Scalar(byte))
        }
        if request.isEmpty { break }
        requests.withLock { $0.append(request) }
        if answer == "silence" {
          usleep(400_000)
          continue
        }
        _ = Array(answer.utf8).withUnsafeBytes { write(peer, $0.baseAddress, $0.count) }
      }
      close(peer)
    }
  }

  func transport(timeout: TimeSpan = .seconds(5)) throws -> (ConnectionTransport, HTTPRequest) {
    var configuration = ClientConfiguration(address: try ServerAddress("unix://\(path)"))
    configuration.timeout = timeout
    let request = HTTPRequest(method: "GET", server: configuration.address, target: "/v1/x", headers: [("X-A", "b")])
    return (ConnectionTransport(configuration), request)
  }
}

@Suite struct ConnectionTransportTests {
  private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

  @Test func connectionsAreKeptAndRequestsAreWellFormed() throws {
    let server = try SocketServer([ok, ok])
    let (transport, request) = try server.transport()
    #expect(try transport.exchange(request, sink: nil).body == Array("ok".utf8))
    #expect(try transport.exchange(request, sink: nil).status == 200)
    #expect(
      server.requests.withLock { $0 }.first == "GET /v1/x HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\nAccept: */*\r\n\r\n")
  }

  @Test func aConnectionThatWasClosedMeanwhileIsReplaced() throws {
    let server = try SocketServer([ok], [ok])
    let (transport, request) = try server.transport()
    for _ in 0..<2 { #expect(try transport.exchange(request, sink: nil).status == 200) }
  }

  @Test func aSilentServerIsGivenUp() throws {
    let server = try SocketServer(["silence"])
    let (transport, request) = try server.transport(timeout: .milliseconds(100))
    #expect(throws: TransportError.self) { try transport.exchange(request, sink: nil) }
  }

  @Test func headersCannotBeSmuggled() throws {
    let server = try SocketServer([ok])
    var (transport, request) = try server.transport()
    request.headers = [("X-A", "b\r\nX-Vault-Token: t")]
    #expect(throws: TransportError.self) { try transport.exchange(request, sink: nil) }
    #expect(server.requests.withLock { $0 }.isEmpty)
  }

  @Test func nobodyThereIsSaidAsSuch() throws {
    let configuration = ClientConfiguration(address: try ServerAddress("http://127.0.0.1:1"))
    let request = HTTPRequest(method: "GET", server: configuration.address, target: "/")
    #expect(throws: TransportError("dial tcp 127.0.0.1:1: connect: connection refused")) {
      try ConnectionTransport(configuration).exchange(request, sink: nil)
    }
  }
}
