import Primitives
import Testing

@testable import QRCode

struct QRCodeTests {
  /// ISO/IEC 18004, annex I: the codewords of "01234567" in version 1 with medium correction.
  @Test func errorCorrectionOfTheStandard() {
    let data: [UInt8] = [
      0x10, 0x20, 0x0C, 0x56, 0x61, 0x80, 0xEC, 0x11, 0xEC, 0x11, 0xEC, 0x11, 0xEC, 0x11, 0xEC, 0x11,
    ]
    let expected: [UInt8] = [0xA5, 0x24, 0xD4, 0xC1, 0xED, 0x36, 0xC7, 0x87, 0x2C, 0x55]
    #expect(ReedSolomon(codewords: 10).remainder(of: data) == expected)
  }

  /// ISO/IEC 18004, annexes C and D.
  @Test func formatAndVersionOfTheStandard() {
    #expect(FormatInformation.bits(.medium, .crosses) == 0b100_0000_1100_1110)
    #expect(FormatInformation.versionBits(7) == 0b00_0111_1100_1001_0100)
  }

  /// ISO/IEC 18004, tables 1, 7 and E.1.
  @Test func sizesOfTheStandard() {
    func version(_ number: Int) -> SymbolVersion { SymbolVersion(number: number) }
    #expect([1, 2, 7, 14, 40].map { version($0).codewords } == [26, 44, 196, 581, 3706])
    #expect(ErrorCorrection.allCases.map { version(40).dataCodewords($0) } == [2956, 2334, 1666, 1276])
    #expect(ErrorCorrection.allCases.map { version(1).dataCodewords($0) } == [19, 16, 13, 9])
    #expect(version(1).alignment == [])
    #expect(version(2).alignment == [6, 18])
    #expect(version(7).alignment == [6, 22, 38])
    #expect(version(22).alignment == [6, 26, 50, 74, 98])
    #expect(version(32).alignment == [6, 34, 60, 86, 112, 138])
    #expect(version(36).alignment == [6, 24, 50, 76, 102, 128, 154])
    #expect(version(39).alignment == [6, 26, 54, 82, 110, 138, 166])
    #expect(version(40).alignment == [6, 30, 58, 86, 114, 142, 170])
  }

  @Test func sizesAreReadBack() throws {
    for version in SymbolVersion.all where version.number <= 10 || version.number % 10 == 0 {
      // The content's length follows from the capacity, so that each version and both kinds of padding come up.
      for level in [ErrorCorrection.allCases[version.number % 4], .allCases[(version.number + 1) % 4]] {
        let capacity = version.dataCodewords(level) - (version.countBits == 8 ? 2 : 3)
        let content = RandomSource.seeded(UInt64(version.number)).bytes(capacity)
        let code = try #require(QRCode(content, correction: level))
        #expect(code.side == version.side)
        #expect(SymbolReader(code: code).format?.0 == level)
        #expect(SymbolReader(code: code).content == content, "version \(version.number), \(level)")
      }
    }
  }

  @Test func moreThanTheLargestHoldsIsRefused() {
    #expect(QRCode([UInt8](repeating: 0, count: 2953), correction: .low)?.side == 177)
    #expect(QRCode([UInt8](repeating: 0, count: 2954), correction: .low) == nil)
    #expect(QRCode([], correction: .high)?.side == 21)
  }

  @Test func findersTimingAndDarkModuleAreThere() throws {
    let code = try #require(QRCode(Array("otpauth://totp/a?secret=MZXW6YTB".utf8)))
    let finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
    for (row, column) in [(0, 0), (0, code.side - 7), (code.side - 7, 0)] {
      let drawn = (0..<7).map { y in (0..<7).map { x in code[row + y, column + x] ? "1" : "0" }.joined() }
      #expect(drawn == finder)
    }
    for i in 8..<(code.side - 8) {
      #expect(code[6, i] == (i % 2 == 0))
      #expect(code[i, 6] == (i % 2 == 0))
    }
    #expect(code[code.side - 8, 8])
    #expect(!code[-1, 0] && !code[0, code.side])
  }

  /// Penalties counted by hand, from a grid without anything drawn by data: all data modules light.
  @Test func theMaskIsTheOneWithTheLowestPenalty() throws {
    let content = Array("penalty".utf8)
    let code = try #require(QRCode(content))
    let chosen = try #require(SymbolReader(code: code).format?.1)
    let version = SymbolVersion(number: 1)
    let penalties = Mask.allCases.map { mask in
      var grid = SymbolGrid(version: version)
      grid.place(Codewords.make(content, version: version, correction: .medium))
      grid.apply(mask)
      grid.drawFormat(.medium, mask)
      return grid.penalty
    }
    #expect(penalties[chosen.rawValue] == penalties.min())
    #expect(Set(penalties).count > 1)
  }
}

struct PNGTests {
  @Test func theImageHasItsSizeAndChecksums() throws {
    let code = try #require(QRCode(Array("hello".utf8)))
    let image = try #require(code.png(pixels: 100))
    #expect(image.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
    var names: [String] = []
    var at = 8
    var idat: [UInt8] = []
    while at < image.count {
      func number(_ start: Int) -> Int { image[start..<(start + 4)].reduce(0) { $0 << 8 | Int($1) } }
      let length = number(at)
      names.append(String(decoding: image[(at + 4)..<(at + 8)], as: UTF8.self))
      var checksum = CRC32()
      checksum.update(image[(at + 4)..<(at + 8 + length)])
      #expect(number(at + 8 + length) == Int(checksum.value))
      if names.last == "IHDR" { #expect(number(at + 8) == 100 && number(at + 12) == 100) }
      if names.last == "IDAT" { idat = Array(image[(at + 8)..<(at + 8 + length)]) }
      at += 12 + length
    }
    #expect(names == ["IHDR", "IDAT", "IEND"])
    // Two bytes of header, five of the only block, lines of 14, four of checksum.
    let lines = Array(idat[7..<(idat.count - 4)])
    #expect(lines.count == 100 * 14)
    // 29 modules with the quiet zone: three pixels each, the symbol from 18 on.
    for row in 0..<21 {
      for column in 0..<21 {
        let (x, y) = (18 + 3 * column + 1, 18 + 3 * row + 1)
        #expect((lines[y * 14 + 1 + x / 8] >> UInt8(7 - x % 8) & 1 == 0) == code[row, column])
      }
    }
  }

  @Test func sizesOutsideOfReasonAreRefused() throws {
    let code = try #require(QRCode(Array("hello".utf8)))
    #expect(code.smallestImage == 29)
    #expect(code.png(pixels: 28) == nil)
    #expect(code.png(pixels: -1) == nil)
    #expect(code.png(pixels: 29) != nil)
    #expect(code.png(pixels: 4097) == nil)
  }
}
