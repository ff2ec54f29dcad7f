/// Reed–Solomon codes over GF(256) with the polynomial x⁸+x⁴+x³+x²+1, as QR codes have them (ISO/IEC 18004, section 7.5).
struct ReedSolomon {
  /// The generator polynomial's coefficients below the leading one, highest power first.
  private let generator: [UInt8]

  /// For that many error correction codewords.
  init(codewords: Int) {
    // The product of (x - 2⁰)(x - 2¹)…
    var product = [UInt8](repeating: 0, count: max(1, codewords))
    product[product.count - 1] = 1
    var root: UInt8 = 1
    for _ in 0..<codewords {
      for i in product.indices {
        product[i] = Self.multiply(product[i], root)
        if i + 1 < product.count { product[i] ^= product[i + 1] }
      }
      root = Self.multiply(root, 2)
    }
    generator = product
  }

  /// The remainder of the data, as a polynomial, by the generator.
  func remainder(of data: some Sequence<UInt8>) -> [UInt8] {
    var remainder = [UInt8](repeating: 0, count: generator.count)
    for byte in data {
      let factor = byte ^ remainder.removeFirst()
      remainder.append(0)
      for i in remainder.indices { remainder[i] ^= Self.multiply(generator[i], factor) }
    }
    return remainder
  }

  static func multiply(_ a: UInt8, _ b: UInt8) -> UInt8 {
    var product: UInt8 = 0
    for bit in (0..<8).reversed() {
      product = product << 1 ^ (product >> 7 == 1 ? 0x1D : 0)
      if b >> bit & 1 == 1 { product ^= a }
    }
    return product
  }
}
