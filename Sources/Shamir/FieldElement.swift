/// An element of GF(2^8) with the reduction polynomial x^8 + x^4 + x^3 + x + 1 (0x11B).
///
/// Products take neither tables nor branches, so that neither time nor the cache tells anything about the operands.
struct FieldElement: Equatable {
  var bits: UInt8

  init(_ bits: UInt8) { self.bits = bits }

  /// Also the difference: the field has characteristic 2.
  static func + (a: FieldElement, b: FieldElement) -> FieldElement { FieldElement(a.bits ^ b.bits) }

  static func * (a: FieldElement, b: FieldElement) -> FieldElement {
    var shifted = a.bits
    var rest = b.bits
    var product: UInt8 = 0
    for _ in 0..<8 {
      product ^= shifted & (0 &- (rest & 1))
      let carry = 0 &- (shifted >> 7)
      shifted = shifted << 1 ^ (0x1B & carry)
      rest >>= 1
    }
    return FieldElement(product)
  }

  /// The 254th power, which is the inverse of every element but zero; zero stays zero.
  var inverse: FieldElement {
    var power = self * self
    var product = power
    for _ in 0..<6 {
      power = power * power
      product = product * power
    }
    return product
  }
}
