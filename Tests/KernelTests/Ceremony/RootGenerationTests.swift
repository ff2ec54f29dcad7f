import EngineAPI
import SecretMemory
import Testing

@testable import Kernel

private func share(_ byte: UInt8) -> SecretBytes { SecretBytes(copying: [UInt8](repeating: byte, count: 33)) }
private let password = String(repeating: "p", count: RootGeneration.passwordLength)

@Suite struct RootGenerationTests {
  @Test func sharesCountOnceAndOnlyUnderTheNonce() throws {
    var generation = try RootGeneration(nonce: "n", oneTimePassword: password, threshold: 2)
    #expect(throws: EngineError.self) { try generation.give(share(1), nonce: "m") }
    #expect(generation.progress == 0)
    #expect(try generation.give(share(1), nonce: "n") == nil)
    #expect(throws: EngineError.invalid("given key has already been provided during this generation operation")) {
      try generation.give(share(1), nonce: "n")
    }
    #expect(generation.progress == 1)
    #expect(try generation.give(share(2), nonce: "n") == [share(1), share(2)])
    #expect(generation.progress == 0, "a failed attempt begins anew")
  }

  @Test func passwordsAndSharesHaveTheirLengths() throws {
    #expect(throws: EngineError.invalid("OTP string is wrong length")) {
      try RootGeneration(nonce: "n", oneTimePassword: "short", threshold: 2)
    }
    var generation = try RootGeneration(nonce: "n", oneTimePassword: password, threshold: 1)
    #expect(throws: EngineError.self) { try generation.give(SecretBytes(copying: [1, 2]), nonce: "n") }
  }

  @Test func paddedTokensComeBack() throws {
    let token = "hvs." + String(repeating: "x", count: 24)
    let encoded = try #require(PaddedToken.encode(token, pad: password))
    #expect(try PaddedToken.decode(encoded, pad: password) == token)
    #expect(throws: EngineError.self) { try PaddedToken.decode(encoded, pad: "other length") }
    #expect(throws: EngineError.self) { try PaddedToken.decode("*", pad: password) }
  }
}
