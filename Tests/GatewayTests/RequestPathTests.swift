import EngineAPI
import JSONText
import Primitives
import Testing

@testable import Gateway

struct RequestPathTests {
  /// What the path stands for, one segment at a time.
  private static func naive(_ path: String) -> String {
    var kept: [String] = []
    var isFolder = false
    for segment in path.split(separator: "/", omittingEmptySubsequences: false).map(String.init) {
      isFolder = segment.isEmpty
      if segment == ".." {
        if !kept.isEmpty { kept.removeLast() }
      } else if segment != "." && !segment.isEmpty {
        kept.append(segment)
      }
    }
    if kept.isEmpty { return "/" }
    return "/" + kept.joined(separator: "/") + (isFolder ? "/" : "")
  }

  @Test func cleaningAgreesWithANaiveReading() {
    let dice = RandomSource.seeded(11)
    let parts = ["/", "/", "/", ".", ".", "..", "a", "b.", ".c", "...", "a.b", "v1", "%2e", "é"]
    var cleaned = 0
    for _ in 0..<20_000 {
      var path = dice.below(8) == 0 ? "" : "/"
      for _ in 0..<dice.below(9) { path += parts[Int(dice.below(UInt64(parts.count)))] }
      let expected = Self.naive(path)
      let result = RequestPath.cleaned(path)
      #expect((result ?? path) == expected, "\(path)")
      if result != nil { cleaned += 1 }
      // What is clean stays as it is, or clients would be sent in a circle.
      #expect(RequestPath.cleaned(expected) == nil, "\(expected)")
    }
    #expect(cleaned > 1000)
    #expect(cleaned < 19_000)
  }

  @Test func uncleanPathsAreRedirectedWithTheirQuery() throws {
    let front = try Front()
    let answer = front.send("GET", "/v1/secret//a", query: "x=\"<&")
    #expect(answer.status == 307)
    #expect(answer.values("location") == ["/v1/secret/a?x=\"<&"])
    #expect(!answer.text.contains("\"<"))
    #expect(front.send("GET", "/v1/secret/../sys/health").values("location") == ["/v1/sys/health"])
  }
}

struct QueryFieldsTests {
  private func read(_ query: String) throws -> JSONObject { try QueryFields.read(query).object }

  @Test func parametersAreTextsAndListsOfThem() throws {
    #expect(try read("") == [:])
    #expect(try read("a=1&b=2") == ["a": "1", "b": "2"])
    #expect(try read("a=1&b=2&a=3") == ["a": ["1", "3"], "b": "2"])
    #expect(try read("a&b=&c=x=y&&") == ["a": "", "b": "", "c": "x=y"])
    #expect(try read("a%20b=c+d%2Be") == ["a b": "c d+e"])
    for query in ["a=%", "a=%4", "%zz=1", "a=%ff"] { #expect(throws: EngineError.self) { try read(query) } }
    #expect(try read((0..<1000).map { "a=\($0)" }.joined(separator: "&"))["a"]?.arrayValue?.count == 1000)
    #expect(throws: EngineError.self) { try read((0...1000).map { "a=\($0)" }.joined(separator: "&")) }
  }

  @Test func aTakenParameterIsGone() throws {
    var fields = try QueryFields.read("list=true&after=a&list=false")
    #expect(fields.take("list") == "true")
    #expect(fields.take("list") == nil)
    #expect(fields.object == ["after": "a"])
  }
}
