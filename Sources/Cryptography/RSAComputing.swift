internal import Primitives

extension AsymmetricKey {
  /// Of RSA with the private part, which takes half a millisecond with so many bits and five times as long with twice as many.
  private static let bitsOfAFiber = 2048

  /// Runs what computes with an RSA key's private part where it holds up nobody for long.
  func computing<R>(_ body: () throws(CryptographyError) -> R) throws(CryptographyError) -> R {
    if case .rsa(let bits) = kind, bits > Self.bitsOfAFiber { return try Blocking.run(body) }
    Fiber.letAllGoFirst()
    return try body()
  }
}
