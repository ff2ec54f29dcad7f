/// How much damage a symbol survives: about 7, 15, 25 and 30 % of it (ISO/IEC 18004, section 6.5.1).
package enum ErrorCorrection: Sendable, CaseIterable {
  case low, medium, quartile, high

  /// Its row in the tables of capacities.
  var index: Int {
    switch self {
    case .low: 0
    case .medium: 1
    case .quartile: 2
    case .high: 3
    }
  }

  /// How the format information names it (table 12).
  var formatBits: UInt32 {
    switch self {
    case .low: 1
    case .medium: 0
    case .quartile: 3
    case .high: 2
    }
  }
}

/// A QR code symbol (ISO/IEC 18004) of bytes.
package struct QRCode: Sendable, Equatable {
  /// Modules on a side, without the quiet zone.
  package let side: Int
  private let modules: [Bool]

  /// The smallest symbol that holds the bytes; nil where none does (2,953 bytes at most, with low error correction).
  package init?(_ content: [UInt8], correction: ErrorCorrection = .medium) {
    let version = SymbolVersion.all.first {
      $0.dataCodewords(correction) * 8 >= 4 + $0.countBits + content.count * 8
        && content.count < 1 << $0.countBits
    }
    guard let version else { return nil }
    let codewords = Codewords.make(content, version: version, correction: correction)
    var blank = SymbolGrid(version: version)
    blank.place(codewords)
    var best: (penalty: Int, grid: SymbolGrid)?
    for mask in Mask.allCases {
      var grid = blank
      grid.apply(mask)
      grid.drawFormat(correction, mask)
      let penalty = grid.penalty
      if best.map({ penalty < $0.penalty }) ?? true { best = (penalty, grid) }
    }
    side = version.side
    modules = best?.grid.modules ?? blank.modules
  }

  /// True for a dark module. Outside of the symbol all are light.
  package subscript(row: Int, column: Int) -> Bool {
    guard (0..<side).contains(row), (0..<side).contains(column) else { return false }
    return modules[row * side + column]
  }
}
