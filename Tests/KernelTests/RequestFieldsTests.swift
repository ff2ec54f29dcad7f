import EngineAPI
import JSONText
import Primitives
import Testing

@testable import Kernel

struct RequestFieldsTests {
  private static let form = "application/x-www-form-urlencoded"

  private func read(
    _ body: String, type: String = "application/json", _ operation: EngineAPI.Operation = .update,
    limits: JSONLimits = .standard
  ) throws -> JSONObject {
    try RequestFields.read(
      InboundRequest(
        id: "", operation: operation, path: "a", query: ["q": "1"], body: Array(body.utf8), contentType: type,
        headers: Headers(), token: "", wrapTTL: nil, wrapsAsJWT: false, remoteAddress: "", remotePort: 0,
        received: Timestamp(seconds: 0), limits: limits))
  }

  private func status(_ body: String, type: String = "application/json", limits: JSONLimits = .standard) -> Int? {
    do {
      _ = try read(body, type: type, limits: limits)
      return nil
    } catch { return (error as? EngineError)?.status }
  }

  @Test func bodiesOfWritesAndQueriesOfReads() throws {
    #expect(try read(#"{"a":1}"#) == ["a": 1])
    #expect(try read(#"{"a":1}"#, .read) == ["q": "1"])
    #expect(try read(#"{"a":1}"#, .delete) == ["q": "1"])
    #expect(try read(#"{"a":1}"#, .patch) == ["a": 1])
    #expect(try read("") == [:])
    #expect(try read(" \r\n\t") == [:])
    #expect(try read("null") == [:])
  }

  @Test(arguments: ["[1]", "1", "\"a\"", "{", #"{"a":1}x"#, #"{"a":1,"a":2}"#, "true", "a=1"])
  func whatIsNoObjectIsRefused(body: String) { #expect(status(body) == 400) }

  @Test func bodiesOverTheLimitsAreTooLarge() {
    let limits = JSONLimits(depth: 3, stringBytes: 4, objectEntries: 2, arrayElements: 2, tokens: 12)
    for body in [
      #"{"a":{"b":{"c":{}}}}"#, #"{"a":"12345"}"#, #"{"a":1,"b":2,"c":3}"#, #"{"a":[1,2,3]}"#,
      #"{"a":[[1,1],[1,1]],"b":[[1,1],[1,1]]}"#,
    ] { #expect(status(body, limits: limits) == 413, "\(body)") }
    for body in [#"{"a":{"b":{"c":1}}}"#, #"{"a":"1234"}"#, #"{"a":1,"b":2}"#, #"{"a":[1,2]}"#] {
      #expect(status(body, limits: limits) == nil, "\(body)")
    }
  }

  @Test func formsAreFieldsOfText() throws {
    #expect(try read("a=1&b=x%20y+z&c", type: Self.form) == ["a": "1", "b": "x y z", "c": ""])
    #expect(try read("a=1&b=2&a=3", type: Self.form) == ["a": "1,3", "b": "2"])
    #expect(try read("a=b=c&&", type: Self.form) == ["a": "b=c"])
    // Clients that send JSON often leave the type that their library sets.
    #expect(try read(#"{"a":1}"#, type: Self.form) == ["a": 1])
    for body in ["a=%", "a=%zz", "%f=1", "a=%ff"] { #expect(status(body, type: Self.form) == 400, "\(body)") }
    #expect(status((0...1000).map { "a\($0)=" }.joined(separator: "&"), type: Self.form) == 400)
    #expect(status((0..<1000).map { "a\($0)=" }.joined(separator: "&"), type: Self.form) == nil)
  }
}
