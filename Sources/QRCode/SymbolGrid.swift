/// The modules of a symbol while it is drawn.
struct SymbolGrid {
  let version: SymbolVersion
  let side: Int
  private(set) var modules: [Bool]
  /// Modules that are no data: not masked.
  private(set) var isFunction: [Bool]

  /// With all function patterns, the version information, and room for the format information.
  init(version: SymbolVersion) {
    self.version = version
    side = version.side
    modules = Array(repeating: false, count: side * side)
    isFunction = modules
    drawTiming()
    for (row, column) in [(3, 3), (3, side - 4), (side - 4, 3)] { drawFinder(row, column) }
    drawAlignment()
    drawFormat(.low, .allCases[0])
    drawVersion()
  }

  private mutating func draw(_ row: Int, _ column: Int, _ isDark: Bool) {
    guard (0..<side).contains(row), (0..<side).contains(column) else { return }
    modules[row * side + column] = isDark
    isFunction[row * side + column] = true
  }

  private mutating func drawTiming() {
    for i in 0..<side {
      draw(6, i, i % 2 == 0)
      draw(i, 6, i % 2 == 0)
    }
  }

  /// Rings around a middle, with the light separator.
  private mutating func drawFinder(_ row: Int, _ column: Int) {
    for y in -4...4 {
      for x in -4...4 {
        let ring = max(abs(x), abs(y))
        draw(row + y, column + x, ring != 2 && ring != 4)
      }
    }
  }

  private mutating func drawAlignment() {
    let places = version.alignment
    for row in places {
      for column in places {
        let isAtFinder = (row == 6 && (column == 6 || column == side - 7)) || (row == side - 7 && column == 6)
        if isAtFinder { continue }
        for y in -2...2 { for x in -2...2 { draw(row + y, column + x, max(abs(x), abs(y)) != 1) } }
      }
    }
  }

  /// Two copies of level and mask, and the dark module (ISO/IEC 18004, section 7.9).
  mutating func drawFormat(_ correction: ErrorCorrection, _ mask: Mask) {
    let bits = FormatInformation.bits(correction, mask)
    for i in 0..<15 {
      let isDark = bits >> i & 1 == 1
      // Around the upper left finder, leaving out the timing patterns.
      switch i {
      case 0..<6: draw(i, 8, isDark)
      case 6, 7: draw(i + 1, 8, isDark)
      case 8: draw(8, 7, isDark)
      default: draw(8, 14 - i, isDark)
      }
      if i < 8 { draw(8, side - 1 - i, isDark) } else { draw(side - 15 + i, 8, isDark) }
    }
    draw(side - 8, 8, true)
  }

  /// Two copies of the version, from 7 on (section 7.10).
  private mutating func drawVersion() {
    guard version.number >= 7 else { return }
    let bits = FormatInformation.versionBits(version.number)
    for i in 0..<18 {
      let isDark = bits >> i & 1 == 1
      draw(i / 3, side - 11 + i % 3, isDark)
      draw(side - 11 + i % 3, i / 3, isDark)
    }
  }

  /// Codewords go in columns of two modules, upwards and downwards in turns, from the right (section 7.7.3).
  mutating func place(_ codewords: [UInt8]) {
    for (place, bit) in zip(dataPlaces, 0..<(codewords.count * 8)) {
      modules[place] = codewords[bit / 8] >> (7 - bit % 8) & 1 == 1
    }
  }

  /// The modules for data in the order in which they are filled.
  var dataPlaces: [Int] {
    var places: [Int] = []
    var isUpwards = true
    var right = side - 1
    while right > 0 {
      // The vertical timing pattern is no column of data.
      if right == 6 { right = 5 }
      for step in 0..<side {
        let row = isUpwards ? side - 1 - step : step
        for column in [right, right - 1] where !isFunction[row * side + column] { places.append(row * side + column) }
      }
      isUpwards.toggle()
      right -= 2
    }
    return places
  }

  mutating func apply(_ mask: Mask) {
    for row in 0..<side {
      for column in 0..<side where !isFunction[row * side + column] && mask.inverts(row, column) {
        modules[row * side + column].toggle()
      }
    }
  }
}
