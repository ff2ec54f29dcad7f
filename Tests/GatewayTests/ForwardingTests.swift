import EngineAPI
import HTTPServer
import Primitives
import Testing

@testable import Gateway

struct ForwardingTests {
  struct Case: Sendable {
    var peer = "10.0.0.1"
    var headers: [String] = []
    var hopSkips = 0
    var rejectsUnauthorised = true
    var rejectsAbsent = true
    /// Nil where the request is refused.
    var client: String?
  }

  static let cases = [
    Case(client: nil),
    Case(rejectsAbsent: false, client: "10.0.0.1"),
    Case(headers: ["198.51.100.7"], client: "198.51.100.7"),
    // The last one was written by the proxy that is believed; what comes before may be anybody's.
    Case(headers: ["203.0.113.9, 198.51.100.7"], client: "198.51.100.7"),
    Case(headers: ["203.0.113.9", " 198.51.100.7 "], client: "198.51.100.7"),
    Case(headers: ["203.0.113.9, 198.51.100.7"], hopSkips: 1, client: "203.0.113.9"),
    Case(headers: ["203.0.113.9", "198.51.100.7"], hopSkips: 1, client: "203.0.113.9"),
    Case(headers: ["203.0.113.9, 198.51.100.7"], hopSkips: 2, client: nil),
    Case(peer: "192.0.2.1", headers: ["198.51.100.7"], client: nil),
    Case(peer: "192.0.2.1", headers: ["198.51.100.7"], rejectsUnauthorised: false, client: "192.0.2.1"),
    Case(peer: "192.0.2.1", rejectsAbsent: false, client: "192.0.2.1"),
    Case(peer: "", headers: ["198.51.100.7"], client: nil),
  ]

  @Test(arguments: cases) func whoTheClientIs(_ expected: Case) throws {
    let block = try #require(AddressBlock("10.0.0.0/8"))
    let settings = ForwardingSettings(
      authorised: [block], hopSkips: expected.hopSkips, rejectsUnauthorised: expected.rejectsUnauthorised,
      rejectsAbsent: expected.rejectsAbsent)
    let request = HTTPRequest(
      method: "GET", path: "/v1/a", headers: HTTPHeaders(expected.headers.map { ("X-Forwarded-For", $0) }),
      remoteAddress: expected.peer, remotePort: 5)
    guard let client = expected.client else {
      #expect(throws: EngineError.self) { try Forwarding.client(of: request, settings) }
      return
    }
    let found = try Forwarding.client(of: request, settings)
    #expect(found.address == client)
    #expect(found.port == (client == expected.peer ? 5 : 0))
  }

  @Test func withoutProxiesTheHeaderIsNotLookedAt() throws {
    let request = HTTPRequest(
      method: "GET", path: "/v1/a", headers: HTTPHeaders([("X-Forwarded-For", "198.51.100.7")]),
      remoteAddress: "10.0.0.1", remotePort: 5)
    #expect(try Forwarding.client(of: request, ForwardingSettings()).address == "10.0.0.1")
  }
}
