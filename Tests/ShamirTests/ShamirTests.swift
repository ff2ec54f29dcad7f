import Primitives
import SecretMemory
import Testing

@testable import Shamir

/// The same field by logarithms to the generator 3, and the same scheme by textbook, to hold the real one against.
private struct TableField {
  var powers = [Int](repeating: 0, count: 510)
  var logarithms = [Int](repeating: 0, count: 256)

  init() {
    var power = 1
    for exponent in 0..<255 {
      powers[exponent] = power
      powers[exponent + 255] = power
      logarithms[power] = exponent
      let doubled = power << 1
      power ^= doubled > 255 ? doubled ^ 0x11B : doubled
    }
  }

  func product(_ a: Int, _ b: Int) -> Int { a == 0 || b == 0 ? 0 : powers[logarithms[a] + logarithms[b]] }
  func quotient(_ a: Int, _ b: Int) -> Int { a == 0 ? 0 : powers[logarithms[a] + 255 - logarithms[b]] }

  func share(of secret: [UInt8], coefficients: [[UInt8]], point: Int) -> [UInt8] {
    var share: [UInt8] = []
    for (at, byte) in secret.enumerated() {
      var value = Int(byte)
      var power = 1
      for coefficient in coefficients {
        power = product(power, point)
        value ^= product(Int(coefficient[at]), power)
      }
      share.append(UInt8(value))
    }
    return share + [UInt8(point)]
  }

  func secret(of shares: [[UInt8]]) -> [UInt8] {
    (0..<shares[0].count - 1).map { at in
      var value = 0
      for (i, share) in shares.enumerated() {
        var term = Int(share[at])
        for (j, other) in shares.enumerated() where i != j {
          let point = Int(other[other.count - 1])
          term = product(term, quotient(point, point ^ Int(share[share.count - 1])))
        }
        value ^= term
      }
      return UInt8(value)
    }
  }
}

private func open(_ secret: SecretBytes) -> [UInt8] { secret.withBytes { Array($0) } }

@Test func productsAndInversesAreThoseOfTheTables() {
  let tables = TableField()
  for a in 0...255 {
    for b in 0...255 {
      let product = FieldElement(UInt8(a)) * FieldElement(UInt8(b))
      #expect(Int(product.bits) == tables.product(a, b))
    }
    let inverse = a == 0 ? 0 : tables.quotient(1, a)
    #expect(Int(FieldElement(UInt8(a)).inverse.bits) == inverse)
  }
  // FIPS 197, section 4.2.
  #expect((FieldElement(0x57) * FieldElement(0x83)).bits == 0xC1)
}

@Test func sharesMadeByAnotherImplementationGiveTheSecret() throws {
  let tables = TableField()
  let random = RandomSource.seeded(11)
  for threshold in [2, 3, 5, 10] {
    let secret = random.bytes(32)
    let coefficients = (1..<threshold).map { _ in random.bytes(32) }
    let shares = [7, 255, 1, 128, 64, 200, 33, 90, 2, 17].prefix(threshold).map { point in
      SecretBytes(copying: tables.share(of: secret, coefficients: coefficients, point: point))
    }
    #expect(open(try Shamir.combine(shares)) == secret)
  }
}

@Test func anyThresholdManySharesGiveTheSecretAndFewerDoNot() throws {
  let tables = TableField()
  let random = RandomSource.seeded(12)
  for _ in 0..<100 {
    let count = 2 + Int(random.below(12))
    let threshold = 2 + Int(random.below(UInt64(count - 1)))
    let secret = SecretBytes(copying: random.bytes(16 + Int(random.below(33))))
    var shares = try Shamir.split(secret, shares: count, threshold: threshold, random: random)
    #expect(shares.count == count)
    #expect(shares.allSatisfy { $0.count == secret.count + 1 })
    for i in shares.indices.dropLast() { shares.swapAt(i, i + Int(random.below(UInt64(count - i)))) }
    #expect(try Shamir.combine(Array(shares.prefix(threshold))) == secret)
    #expect(try Shamir.combine(shares) == secret)
    #expect(tables.secret(of: shares.prefix(threshold).map(open)) == open(secret))
    if threshold > 2 { #expect(try Shamir.combine(Array(shares.prefix(threshold - 1))) != secret) }
  }
}

@Test func manySharesHaveDifferentPoints() throws {
  let secret = SecretBytes(copying: [1, 2, 3])
  let shares = try Shamir.split(secret, shares: 255, threshold: 255, random: .seeded(13))
  #expect(Set(shares.map { open($0).last }).count == 255)
  #expect(!shares.contains { open($0).last == 0 })
  #expect(try Shamir.combine(shares) == secret)
}

@Test func aSingleShareIsTheSecret() throws {
  let secret = SecretBytes(copying: [1, 2, 3])
  #expect(try Shamir.split(secret, shares: 1, threshold: 1, random: .seeded(1)) == [secret])
  #expect(try Shamir.combine([secret]) == secret)
}

@Test func countsThatMakeNoSenseAreRefused() {
  let secret = SecretBytes(copying: [1])
  for (shares, threshold) in [(0, 0), (1, 2), (2, 1), (3, 4), (256, 2), (-1, -1), (2, 0), (Int.max, 2)] {
    #expect(throws: ShamirError.shareCount) {
      try Shamir.split(secret, shares: shares, threshold: threshold, random: .seeded(1))
    }
  }
  #expect(throws: ShamirError.emptySecret) {
    try Shamir.split(SecretBytes(copying: []), shares: 3, threshold: 2, random: .seeded(1))
  }
}

@Test func sharesThatDoNotFitTogetherAreRefused() {
  func combine(_ shares: [UInt8]...) throws -> SecretBytes {
    try Shamir.combine(shares.map { SecretBytes(copying: $0) })
  }
  #expect(throws: ShamirError.noShares) { try combine() }
  #expect(throws: ShamirError.malformedShares) { try combine([], []) }
  #expect(throws: ShamirError.malformedShares) { try combine([1], [2]) }
  #expect(throws: ShamirError.malformedShares) { try combine([1, 2, 3], [1, 2]) }
  #expect(throws: ShamirError.malformedShares) { try combine([1, 0], [1, 2]) }
  #expect(throws: ShamirError.repeatedShare) { try combine([1, 2], [3, 2]) }
}

@Test func progressCountsDifferentSharesAndEndsAtTheThreshold() {
  let shares = (1...4).map { SecretBytes(copying: [UInt8]([9, 9, $0])) }
  var attempt = UnsealProgress(threshold: 3)
  #expect(attempt.nonce == "")
  #expect(attempt.add(shares[0], nonce: "a") == .progress(1))
  #expect(attempt.add(shares[0], nonce: "b") == .progress(1))
  #expect(attempt.add(shares[1], nonce: "c") == .progress(2))
  #expect(attempt.nonce == "a")
  #expect(attempt.add(shares[3], nonce: "d") == .complete([shares[0], shares[1], shares[3]]))
  #expect(attempt.progress == 0)
  #expect(attempt.nonce == "")
  #expect(attempt.add(shares[2], nonce: "e") == .progress(1))
  attempt.reset()
  #expect(attempt.progress == 0)
  #expect(attempt.nonce == "")
  var single = UnsealProgress(threshold: 1)
  #expect(single.add(shares[0], nonce: "f") == .complete([shares[0]]))
}
