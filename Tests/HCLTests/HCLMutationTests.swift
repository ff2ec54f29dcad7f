import HCL
import Primitives
import Testing

/// The same contents without their places.
private func shape(_ body: HCLBody) -> String {
  func text(_ value: HCLValue) -> String {
    switch value {
    case .list(let values): "[" + values.map(text).joined(separator: ",") + "]"
    case .object(let body): "{" + shape(body) + "}"
    default: "\(value)"
    }
  }
  return body.items.map { item in
    switch item.content {
    case .attribute(let value): "\(item.key)=\(text(value))"
    case .block(let labels, let body): "\(item.key)\(labels){\(shape(body))}"
    }
  }.joined(separator: ";")
}

@Suite struct HCLMutationTests {
  static let seeds = [
    "path \"a/*\" { # c\n  capabilities = [\"read\", \"list\",]\n  allowed = { \"x\" = [1, 2.5e3, true] }\n}\n",
    "a = <<-EOF\n  text ${b}\n  EOF\n/* c */ listener \"tcp\" \"x\" { y = -0x1f, z = \"${f(\"q\")}\\n\\u00e4\" } // end\n",
    "{\"a\": [{\"b\": {\"c\": null}}, 1.5, \"\\ud83d\\ude00\"], \"d\": {\"e\": true}}",
  ]

  /// Texts that were damaged at random are read or refused, and what is read means the same after it was formatted.
  @Test func damagedTexts() throws {
    let random = RandomSource.seeded(7)
    let pieces = [
      "{", "}", "[", "]", "\"", "=", ",", "\n", "<<", "EOF", "${", "#", "/*", "*/", "//", "\\", "-", "0x", "1e", "é",
      "\u{0}",
      "\r\n", "true", "a", " ",
    ].map { Array($0.utf8) }
    var read = 0
    for round in 0..<12_000 {
      var bytes = Array(Self.seeds[round % Self.seeds.count].utf8)
      for _ in 0...random.below(4) {
        let at = Int(random.below(UInt64(bytes.count + 1)))
        switch random.below(4) {
        case 0: bytes.insert(contentsOf: pieces[Int(random.below(UInt64(pieces.count)))], at: at)
        case 1: bytes.removeSubrange(at..<min(bytes.count, at + 1 + Int(random.below(5))))
        case 2: if at < bytes.count { bytes[at] = UInt8(random.below(256)) }
        default:
          let end = min(bytes.count, at + Int(random.below(12)))
          bytes.insert(contentsOf: Array(bytes[at..<end]), at: Int(random.below(UInt64(bytes.count + 1))))
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      guard let body = try? HCLParser.parse(text) else { continue }
      read += 1
      for key in body.keys {
        _ = try? body.string(key)
        _ = try? body.int(key)
        _ = try? body.bool(key)
        _ = try? body.duration(key)
        _ = try? body.strings(key)
        _ = try? body.blocks(key)
      }
      if body.isJSON { continue }
      let formatted = try HCLFormatter.format(text)
      #expect(shape(try HCLParser.parse(hcl: formatted)) == shape(body), "\(text)")
      #expect(try HCLFormatter.format(formatted) == formatted, "\(text)")
    }
    // Otherwise the test would look at refusals only.
    #expect(read > 1000)
  }
}
