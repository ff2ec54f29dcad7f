/// The size of a symbol and what fits in it (ISO/IEC 18004, tables 1, 7 and 9).
struct SymbolVersion: Equatable {
  /// 1 to 40.
  let number: Int

  static let all = (1...40).map(SymbolVersion.init(number:))

  /// Modules on a side.
  var side: Int { 17 + 4 * number }

  /// Where the middles of alignment patterns are, along both axes.
  var alignment: [Int] {
    guard number > 1 else { return [] }
    let count = number / 7 + 2
    let last = side - 7
    // Evenly spaced from the far end, in even steps; the first gap takes up what is left over. Version 32 is the exception.
    let step = number == 32 ? 26 : (last - 6 + 2 * (count - 1) - 1) / (2 * (count - 1)) * 2
    return [6] + (0..<(count - 1)).reversed().map { last - $0 * step }
  }

  /// Bytes of data and error correction together.
  var codewords: Int {
    var modules = side * side - 3 * 64 - 2 * 15 - 1 - 2 * (side - 16)
    if number > 1 {
      let count = alignment.count
      // Those on the timing patterns share five modules with them; none lies on a finder pattern.
      modules -= (count - 1) * (count - 1) * 25 + 2 * (count - 2) * 20
    }
    if number > 6 { modules -= 36 }
    return modules / 8
  }

  func dataCodewords(_ level: ErrorCorrection) -> Int { codewords - correctionCodewords(level) * blocks(level) }

  /// Error correction bytes of a block.
  func correctionCodewords(_ level: ErrorCorrection) -> Int { Int(Self.corrections[level.index][number - 1]) }

  func blocks(_ level: ErrorCorrection) -> Int { Int(Self.blockCounts[level.index][number - 1]) }

  /// Bits of the count of bytes in byte mode (table 3).
  var countBits: Int { number < 10 ? 8 : 16 }

  private static let corrections: [[UInt8]] = [
    [
      7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30,
      30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
    [
      10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28,
      28,
      28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    ],
    [
      13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28, 30, 30,
      30,
      30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
    [
      17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30, 30, 30,
      30,
      30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
  ]

  private static let blockCounts: [[UInt8]] = [
    [
      1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19,
      19, 20, 21, 22, 24, 25,
    ],
    [
      1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33,
      35, 37, 38, 40, 43, 45, 47, 49,
    ],
    [
      1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43,
      45, 48, 51, 53, 56, 59, 62, 65, 68,
    ],
    [
      1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51,
      54, 57, 60, 63, 66, 70, 74, 77, 81,
    ],
  ]
}
