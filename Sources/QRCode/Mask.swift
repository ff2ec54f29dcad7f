/// The patterns that data modules are inverted by, so that a symbol looks like nothing that readers look for
/// (ISO/IEC 18004, table 10).
enum Mask: Int, CaseIterable {
  case checkers, rows, columns, diagonals, bricks, crosses, flowers, meadow

  func inverts(_ row: Int, _ column: Int) -> Bool {
    let product = row * column
    return switch self {
    case .checkers: (row + column) % 2 == 0
    case .rows: row % 2 == 0
    case .columns: column % 3 == 0
    case .diagonals: (row + column) % 3 == 0
    case .bricks: (row / 2 + column / 3) % 2 == 0
    case .crosses: product % 2 + product % 3 == 0
    case .flowers: (product % 2 + product % 3) % 2 == 0
    case .meadow: ((row + column) % 2 + product % 3) % 2 == 0
    }
  }
}

extension SymbolGrid {
  /// How hard the symbol is to read: the mask with the lowest sum is used (section 7.8.3).
  var penalty: Int {
    var penalty = blocks + balance
    for line in 0..<side {
      let row: [Bool] = Array(modules[(line * side)..<((line + 1) * side)])
      let column: [Bool] = (0..<side).map { modules[$0 * side + line] }
      for modules in [row, column] { penalty += Self.runs(modules) + Self.finderLikes(modules) }
    }
    return penalty
  }

  /// Three for five modules of a colour in a row, one for each more.
  private static func runs(_ line: [Bool]) -> Int {
    var penalty = 0
    var length = 0
    var colour: Bool?
    for module in line {
      length = module == colour ? length + 1 : 1
      colour = module
      if length == 5 { penalty += 3 } else if length > 5 { penalty += 1 }
    }
    return penalty
  }

  /// Forty for what has a finder's proportions, with four light modules on one side.
  private static func finderLikes(_ line: [Bool]) -> Int {
    var penalty = 0
    var window = 0
    for (number, module) in line.enumerated() {
      window = (window << 1 | (module ? 1 : 0)) & 0x7FF
      if number >= 10, window == 0b000_0101_1101 || window == 0b101_1101_0000 { penalty += 40 }
    }
    return penalty
  }

  /// Three for each square of four modules of one colour.
  private var blocks: Int {
    var penalty = 0
    for row in 0..<(side - 1) {
      for column in 0..<(side - 1) {
        let at = row * side + column
        let colour = modules[at]
        if modules[at + 1] == colour, modules[at + side] == colour, modules[at + side + 1] == colour { penalty += 3 }
      }
    }
    return penalty
  }

  /// Ten for each whole five per cent by which the dark modules are more or less than half.
  private var balance: Int {
    let dark = modules.count { $0 }
    return abs(dark * 20 - modules.count * 10) / modules.count * 10
  }
}
