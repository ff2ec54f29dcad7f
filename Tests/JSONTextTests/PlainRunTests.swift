import Primitives
import Testing

@testable import JSONText

@Suite struct PlainRunTests {
  private static let stringEnds: Set<UInt8> = Set(0..<0x20).union("\"\\".utf8)
  private static let escaped: Set<UInt8> = stringEnds.union("<>&".utf8).union([0xE2])

  /// Every byte at every place of a text of every length up to three words, alone and behind others that look alike.
  @Test func endsAtTheFirstByteThatNeedsALook() {
    for length in 0..<24 {
      for place in 0..<max(1, length) {
        for byte in UInt8.min...UInt8.max {
          var text = [UInt8](repeating: UInt8(ascii: "!"), count: length)
          if place < length { text[place] = byte }
          check(text)
        }
      }
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func agreesWithALookAtEachByte(seed: UInt64) {
    let random = RandomSource.seeded(seed)
    for _ in 0..<2000 {
      let bytes = random.bytes(41)
      // Few of those that end a run, many of those next to them.
      check(bytes.map { $0 < 0x40 && $0 & 3 != 0 ? $0 | 0x40 : $0 })
      check(bytes)
    }
  }

  @Test func startsAnywhereAndStopsAtTheEnd() {
    let text = Array("a\"plain text that is longer than a word\"".utf8)
    text.withUnsafeBufferPointer { text in
      #expect(PlainRun.inString(text, from: 0) == 1)
      #expect(PlainRun.inString(text, from: 1) == 0)
      #expect(PlainRun.inString(text, from: 2) == text.count - 3)
      #expect(PlainRun.inString(text, from: text.count) == 0)
      #expect(PlainRun.inString(text, from: text.count + 1) == 0)
      #expect(PlainRun.inString(UnsafeBufferPointer(start: nil, count: 0), from: 0) == 0)
    }
  }

  private func check(_ text: [UInt8]) {
    text.withUnsafeBufferPointer { bytes in
      for start in [0, 1, 7] where start <= text.count {
        let rest = text[start...]
        #expect(PlainRun.inString(bytes, from: start) == rest.prefix { !Self.stringEnds.contains($0) }.count)
        #expect(PlainRun.unescaped(bytes, from: start) == rest.prefix { !Self.escaped.contains($0) }.count)
      }
    }
  }
}
