@testable import QRCode

/// Reads an undamaged symbol back by the standard's own description, for tests.
struct SymbolReader {
  let code: QRCode

  private var version: SymbolVersion { SymbolVersion(number: (code.side - 17) / 4) }

  /// Level and mask as the copy around the upper left finder names them; nil where the copies differ.
  var format: (ErrorCorrection, Mask)? {
    let side = code.side
    let first: [(Int, Int)] = (0..<6).map { ($0, 8) } + [(7, 8), (8, 8), (8, 7)] + (0..<6).reversed().map { (8, $0) }
    let second: [(Int, Int)] = (1...8).map { (8, side - $0) } + (0..<7).map { (side - 7 + $0, 8) }
    func number(_ places: [(Int, Int)]) -> UInt32 {
      places.enumerated().reduce(0) { $0 | (code[$1.element.0, $1.element.1] ? 1 << UInt32($1.offset) : 0) }
    }
    guard number(first) == number(second) else { return nil }
    for level in ErrorCorrection.allCases {
      for mask in Mask.allCases where FormatInformation.bits(level, mask) == number(first) { return (level, mask) }
    }
    return nil
  }

  var content: [UInt8]? {
    guard let (level, mask) = format else { return nil }
    let places = SymbolGrid(version: version).dataPlaces
    let bits = places.map { place in
      let (row, column) = (place / code.side, place % code.side)
      return code[row, column] != mask.inverts(row, column)
    }
    let words = (0..<version.codewords).map { word in
      (0..<8).reduce(UInt8(0)) { $0 << 1 | (bits[word * 8 + $1] ? 1 : 0) }
    }
    let count = version.blocks(level)
    let dataCount = version.dataCodewords(level)
    var blocks = [[UInt8]](repeating: [], count: count)
    let short = dataCount / count
    for i in 0..<(short * count) { blocks[i % count].append(words[i]) }
    for i in 0..<(dataCount % count) { blocks[count - dataCount % count + i].append(words[short * count + i]) }
    // A block with its error correction behind it is a multiple of the generator.
    let corrections = version.correctionCodewords(level)
    for (number, block) in blocks.enumerated() {
      let correction = (0..<corrections).map { words[dataCount + $0 * count + number] }
      guard ReedSolomon(codewords: corrections).remainder(of: block) == correction else { return nil }
    }
    let data = blocks.flatMap { $0 }.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
    func number(_ start: Int, _ length: Int) -> Int { data[start..<(start + length)].reduce(0) { $0 << 1 | Int($1) } }
    guard number(0, 4) == 4 else { return nil }
    let length = number(4, version.countBits)
    return (0..<length).map { UInt8(number(4 + version.countBits + 8 * $0, 8)) }
  }
}
