import JSONText
import Primitives
import Testing

@testable import Commands

@Suite struct YAMLReaderTests {
  private func read(_ text: String) throws -> JSONValue { try YAMLReader.read(Array(text.utf8)) }

  @Test func blocksNest() throws {
    let value = try read(
      """
      ---
      # A comment.
      policies:
        team: team.hcl   # behind a value
        inline:
          text: |
            path "a" {
              # kept

            }
      cases:
      - name: "one: two"
        policies: [team, 'it''s']
        parameters: {a: 1, "b": "x\\ny", c: [true, null]}
      -
        name: two
        sudo: false
      """)
    let expected: JSONValue = [
      "policies": ["team": "team.hcl", "inline": ["text": "path \"a\" {\n  # kept\n\n}\n"]],
      "cases": [
        [
          "name": "one: two", "policies": ["team", "it's"], "parameters": ["a": 1, "b": "x\ny", "c": [true, nil]],
        ], ["name": "two", "sudo": false],
      ],
    ]
    #expect(value == expected)
  }

  @Test func scalarsAreReadAsJSONReadsThem() throws {
    #expect(
      try read("[1, -2, 1.5, 1e3, 007, 1_0, ~, '', x y, a#b, http://x]")
        == [
          1, -2, .number(JSONNumber(text: "1.5")), .number(JSONNumber(text: "1e3")), "007", "1_0", nil, "", "x y",
          "a#b", "http://x",
        ])
    #expect(try read("") == .null)
    #expect(try read("a:\nb: c") == ["a": nil, "b": "c"])
    #expect(try read("- - 1\n  - 2\n- a: 1\n  b: 2") == [[1, 2], ["a": 1, "b": 2]])
    #expect(try read("t: |-\n  x\n  y\nu: 1") == ["t": "x\ny", "u": 1])
  }

  @Test(arguments: [
    ("a: &x 1", 1), ("a: *x", 1), ("a: !t x", 1), ("a: >\n  x", 1), ("a: 1\na: 2", 2), ("a: yes", 1), ("a: b: c", 1),
    ("\ta: 1", 1), ("a:\n\tb: 1", 2), ("a: 1\n  b: 2", 2), ("? a\n: b", 1), ("a: [1, 2", 1), ("a: \"x", 1),
    ("a: {b}", 1),
    ("a: [1] x", 1), ("- 1\nb: 2", 2), ("a: 1\n---\nb: 2", 2), ("a: \"\\q\"", 1), ("a: {b: 1, b: 2}", 1), ("a: @x", 1),
    ("a: b\n  c", 2), ("%YAML 1.2", 1), ("a: on", 1),
  ])
  func whatIsLeftOutIsRefusedWithItsLine(text: String, line: Int) {
    do {
      let value = try read(text)
      Issue.record("read as \(JSONText(value).string)")
    } catch {
      #expect((error as? YAMLError)?.line == line, "\(error)")
    }
  }

  @Test func depthAndSizeAreBounded() {
    #expect(throws: YAMLError.self) { try read(String(repeating: "[", count: 100_000)) }
    #expect(throws: YAMLError.self) { try read((0..<100).map { String(repeating: " ", count: $0) + "a:\n" }.joined()) }
    #expect(throws: YAMLError.self) { try read(String(repeating: "- ", count: 100_000)) }
    #expect(throws: YAMLError.self) { try read("a: " + String(repeating: "x", count: 2 << 20)) }
    #expect(throws: YAMLError.self) { try YAMLReader.read([0x61, 0x3A, 0x20, 0xFF]) }
  }

  /// No bytes stop the program.
  @Test func anyBytesAreReadOrRefused() throws {
    let random = RandomSource.seeded(7)
    let words = [
      "a", ":", " ", "\n", "-", "  ", "|", "\"", "'", "[", "]", "{", "}", ",", "#", "\\", "ü", "1", "\t", "- ", ": ",
    ]
    var read = 0
    for _ in 0..<20_000 {
      let text = (0..<Int(random.below(24))).map { _ in words[Int(random.below(UInt64(words.count)))] }.joined()
      if (try? self.read(text)) != nil { read += 1 }
    }
    #expect(read > 500)
  }
}
