internal import Primitives
internal import SecretMemory

/// Passwords where no policy says otherwise: 20 letters, digits and dashes with at least one of each kind.
enum StandardPassword {
  private static let length = 20

  static func make(_ random: RandomSource) -> SecretBytes {
    while true {
      // One dash at an even place; the rest is drawn until it has all kinds.
      var characters = Array(random.base62(length - 1).utf8)
      let hasAll =
        characters.contains { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        && characters.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        && characters.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard hasAll else { continue }
      characters.insert(UInt8(ascii: "-"), at: 1 + Int(random.below(UInt64(length - 2))))
      return SecretBytes(copying: characters)
    }
  }
}
