import Primitives
import Testing

@testable import Client

/// Answers by request line, in order.
private final class Script: Transport {
  var answers: [HTTPResponse]
  var requests: [HTTPRequest] = []

  init(_ answers: HTTPResponse...) { self.answers = answers }

  func exchange(_ request: HTTPRequest, sink: BodySink?) throws(TransportError) -> HTTPResponse {
    requests.append(request)
    if answers.isEmpty { throw TransportError("no answer", mayPass: false) }
    return answers.removeFirst()
  }

  func client(_ address: String = "http://a:1") throws -> APIClient {
    var configuration = ClientConfiguration(address: try ServerAddress(address))
    configuration.token = "t"
    return APIClient(configuration, transport: self, random: .seeded(1)) { _ in }
  }
}

@Suite struct APIClientTests {
  @Test func standbysSendToTheActiveNode() throws {
    let script = Script(
      HTTPResponse(status: 307, headers: [("Location", "http://b:2/v1/x?y=z")]),
      HTTPResponse(status: 200, body: Array(#"{"data":{"a":1}}"#.utf8)))
    let secret = try script.client().put("x", ["k": "v"])
    #expect(secret?.data?["a"] == 1)
    #expect(script.requests.map(\.url) == ["http://a:1/v1/x", "http://b:2/v1/x?y=z"])
    #expect(script.requests.allSatisfy { $0.body == Array(#"{"k":"v"}"#.utf8) && $0.method == "PUT" })
    #expect(script.requests[1].headers.contains { $0.name == "X-Vault-Token" && $0.value == "t" })
  }

  @Test func redirectsNeverLeaveTLSAndNeverChain() throws {
    let down = Script(HTTPResponse(status: 307, headers: [("Location", "http://b:2/v1/x")]))
    #expect(throws: APIError.self) { try down.client("https://a:1").read("x") }
    #expect(down.requests.count == 1)
    let loop = Script(
      HTTPResponse(status: 307, headers: [("Location", "/v1/y")]),
      HTTPResponse(status: 307, headers: [("Location", "/v1/x")]))
    _ = try? loop.client().read("x")
    #expect(loop.requests.count == 2)
  }

  @Test func hopelessErrorsAreNotRetried() throws {
    let script = Script()
    #expect(throws: APIError.self) { try script.client().read("x") }
    #expect(script.requests.count == 1)
  }

  @Test func answersWithoutEnvelopeAreData() throws {
    let script = Script(
      HTTPResponse(status: 200, body: Array(#"{"initialized":true}"#.utf8)),
      HTTPResponse(status: 200, body: Array(#"{"errors":["x"]}"#.utf8)), HTTPResponse(status: 200, body: [10]),
      HTTPResponse(status: 200, body: Array("[]".utf8)))
    let client = try script.client()
    #expect(try client.read("sys/init")?.data?["initialized"] == true)
    #expect(try client.read("x") == nil)
    #expect(try client.read("x") == nil)
    #expect(throws: APIError.self) { try client.read("x") }
  }

  @Test func wrappingAlwaysHasATime() throws {
    let script = Script(HTTPResponse(status: 204), HTTPResponse(status: 204))
    let client = try script.client()
    _ = try client.put("sys/wrapping/wrap", ["a": "b"])
    _ = try client.put("other", ["a": "b"])
    #expect(script.requests.map { $0.headers.first { $0.name == "X-Vault-Wrap-TTL" }?.value } == ["5m", nil])
  }
}
