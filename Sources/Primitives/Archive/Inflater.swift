/// Unpacks what DEFLATE packed (RFC 1951): snapshots that somebody's tool has compressed again.
struct Inflater {
  private let input: [UInt8]
  private var at: Int
  private var held: UInt32 = 0
  private var heldCount = 0
  private let limit: Int
  private(set) var output: [UInt8] = []

  init(_ input: [UInt8], from start: Int, limit: Int) {
    self.input = input
    at = start
    self.limit = limit
  }

  /// Where the packed data ended; whole bytes that were looked at ahead are not part of it.
  var end: Int { at - heldCount / 8 }

  /// False where the data are damaged or unpack to more than the limit.
  mutating func run() -> Bool {
    while true {
      guard let isLast = bits(1), let kind = bits(2) else { return false }
      let isGood: Bool
      switch kind {
      case 0: isGood = stored()
      case 1: isGood = compressed(Self.fixedLengths, Self.fixedDistances)
      case 2: isGood = dynamic()
      default: isGood = false
      }
      guard isGood else { return false }
      if isLast == 1 { return true }
    }
  }

  private mutating func bits(_ count: Int) -> Int? {
    while heldCount < count {
      guard at < input.count else { return nil }
      held |= UInt32(input[at]) << UInt32(heldCount)
      at += 1
      heldCount += 8
    }
    let value = held & (1 << UInt32(count) - 1)
    held >>= UInt32(count)
    heldCount -= count
    return Int(value)
  }

  private mutating func stored() -> Bool {
    at = end
    held = 0
    heldCount = 0
    guard at + 4 <= input.count else { return false }
    let count = Int(input[at]) | Int(input[at + 1]) << 8
    let check = Int(input[at + 2]) | Int(input[at + 3]) << 8
    at += 4
    guard count ^ 0xFFFF == check, at + count <= input.count, output.count + count <= limit else { return false }
    output += input[at..<(at + count)]
    at += count
    return true
  }

  private mutating func compressed(_ lengths: Code, _ distances: Code) -> Bool {
    while true {
      guard let symbol = symbol(lengths) else { return false }
      if symbol < 256 {
        guard output.count < limit else { return false }
        output.append(UInt8(symbol))
        continue
      }
      if symbol == 256 { return true }
      guard symbol - 257 < Self.lengthBases.count, let more = bits(Self.lengthBits[symbol - 257]) else { return false }
      let count = Self.lengthBases[symbol - 257] + more
      guard let place = self.symbol(distances), place < Self.distanceBases.count,
        let further = bits(Self.distanceBits[place])
      else { return false }
      let distance = Self.distanceBases[place] + further
      guard distance <= output.count, output.count + count <= limit else { return false }
      for _ in 0..<count { output.append(output[output.count - distance]) }
    }
  }

  private mutating func dynamic() -> Bool {
    guard let literals = bits(5), let distances = bits(5), let codes = bits(4) else { return false }
    var codeLengths = [Int](repeating: 0, count: 19)
    for place in Self.codeOrder.prefix(codes + 4) {
      guard let length = bits(3) else { return false }
      codeLengths[place] = length
    }
    let codeCode = Code(codeLengths)
    var lengths: [Int] = []
    let total = literals + 257 + distances + 1
    while lengths.count < total {
      guard let symbol = symbol(codeCode) else { return false }
      switch symbol {
      case 0...15: lengths.append(symbol)
      case 16:
        guard let last = lengths.last, let more = bits(2) else { return false }
        lengths += [Int](repeating: last, count: 3 + more)
      case 17:
        guard let more = bits(3) else { return false }
        lengths += [Int](repeating: 0, count: 3 + more)
      default:
        guard let more = bits(7) else { return false }
        lengths += [Int](repeating: 0, count: 11 + more)
      }
    }
    guard lengths.count == total else { return false }
    return compressed(Code(Array(lengths.prefix(literals + 257))), Code(Array(lengths.dropFirst(literals + 257))))
  }

  /// A prefix code: how many symbols there are of each length, and the symbols in the order of their codes.
  private struct Code {
    var counts = [Int](repeating: 0, count: 16)
    var symbols: [Int] = []

    init(_ lengths: [Int]) {
      for length in 1...15 {
        let found = lengths.indices.filter { lengths[$0] == length }
        counts[length] = found.count
        symbols += found
      }
    }
  }

  private mutating func symbol(_ code: Code) -> Int? {
    var value = 0
    var first = 0
    var index = 0
    for length in 1...15 {
      guard let bit = bits(1) else { return nil }
      value |= bit
      let count = code.counts[length]
      if value - first < count {
        let place = index + value - first
        return place >= 0 && place < code.symbols.count ? code.symbols[place] : nil
      }
      index += count
      first = (first + count) << 1
      value <<= 1
    }
    return nil
  }

  private static let fixedLengths = Code(
    [Int](repeating: 8, count: 144) + [Int](repeating: 9, count: 112) + [Int](repeating: 7, count: 24)
      + [Int](repeating: 8, count: 8))
  private static let fixedDistances = Code([Int](repeating: 5, count: 30))
  private static let codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
  private static let lengthBases = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ]
  private static let lengthBits = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let distanceBases = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12289, 16385, 24577,
  ]
  private static let distanceBits = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
  ]
}
