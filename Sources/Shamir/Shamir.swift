package import Primitives
package import SecretMemory

/// Why a secret could not be split or put together. Carries no values.
package enum ShamirError: Error, Sendable, Equatable {
  /// There is nothing to split.
  case emptySecret
  /// More than 255 shares, fewer than the threshold, or several with a threshold below two.
  case shareCount
  /// No shares were given.
  case noShares
  /// The shares are too short to be any, are not of one length, or name the point where the secret lies.
  case malformedShares
  /// Two shares are for the same point.
  case repeatedShare
}

/// Shamir's secret sharing ("How to share a secret", 1979) over GF(2^8), byte by byte.
///
/// A share is the values of the polynomials followed by the point at which they were taken, 1 to 255. Where there is
/// but one share, it is the secret itself.
package enum Shamir {
  package static func split(
    _ secret: SecretBytes, shares: Int, threshold: Int, random: RandomSource
  ) throws(ShamirError) -> [SecretBytes] {
    guard secret.count > 0 else { throw .emptySecret }
    if shares == 1 && threshold == 1 { return [secret] }
    guard (2...255).contains(shares), (2...shares).contains(threshold) else { throw .shareCount }
    // For each byte of the secret the coefficients of x, x^2, and so on; the highest may be zero, as any other.
    let degree = threshold - 1
    let coefficients = SecretBytes(count: secret.count * degree, fill: random.fill)
    return points(shares, random: random).map { point in
      SecretBytes(count: secret.count + 1) { share in
        secret.withBytes { secret in
          coefficients.withBytes { coefficients in
            for at in 0..<secret.count {
              var value = FieldElement(0)
              for power in stride(from: degree - 1, through: 0, by: -1) {
                value = (value + FieldElement(coefficients[at * degree + power])) * FieldElement(point)
              }
              share[at] = (value + FieldElement(secret[at])).bits
            }
          }
        }
        share[secret.count] = point
      }
    }
  }

  /// The secret that the shares are of. With too few shares, or with foreign ones, it is other bytes: nothing tells.
  package static func combine(_ shares: [SecretBytes]) throws(ShamirError) -> SecretBytes {
    guard let first = shares.first else { throw .noShares }
    if shares.count == 1 { return first }
    guard first.count >= 2, shares.allSatisfy({ $0.count == first.count }) else { throw .malformedShares }
    let points = shares.map { share in share.withBytes { FieldElement($0.last ?? 0) } }
    guard !points.contains(FieldElement(0)) else { throw .malformedShares }
    guard Set(points.map(\.bits)).count == points.count else { throw .repeatedShare }
    // Lagrange's weights at zero.
    let weights = points.map { point in
      points.reduce(FieldElement(1)) { weight, other in
        other == point ? weight : weight * other * (other + point).inverse
      }
    }
    return SecretBytes(count: first.count - 1) { secret in
      for at in secret.indices { secret[at] = 0 }
      for (share, weight) in zip(shares, weights) {
        share.withBytes { share in
          for at in secret.indices { secret[at] ^= (FieldElement(share[at]) * weight).bits }
        }
      }
    }
  }

  /// Different points in an order that tells nothing about who got which share.
  private static func points(_ count: Int, random: RandomSource) -> ArraySlice<UInt8> {
    var points = [UInt8](1...255)
    for i in 0..<count {
      points.swapAt(i, i + Int(random.below(UInt64(points.count - i))))
    }
    return points[..<count]
  }
}
