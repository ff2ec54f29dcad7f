import EngineAPI
import Primitives
import SecretMemory
import Testing

@testable import Kernel

private func share(_ byte: UInt8) -> SecretBytes { SecretBytes(copying: [UInt8](repeating: byte, count: 33)) }
private let begun = Timestamp(seconds: 1_000_000)

private func rekey(_ shares: ShareConfiguration, verified: Bool = false) -> Rekey {
  Rekey(
    nonce: "n", plan: Rekey.Plan(shares: shares, requiresVerification: verified), required: 2, begun: begun)
}

@Suite struct RekeyTests {
  @Test func collectsThePresentShares() throws {
    var rekey = rekey(ShareConfiguration(shares: 1, threshold: 1))
    #expect(throws: EngineError.invalid("incorrect nonce supplied; nonce for this rekey operation is \"n\"")) {
      try rekey.give(share(1), nonce: "")
    }
    #expect(try rekey.give(share(1), nonce: "n") == nil)
    #expect(throws: EngineError.self) { try rekey.give(share(1), nonce: "n") }
    #expect(rekey.progress == 1)
    #expect(try rekey.give(share(2), nonce: "n") == [share(1), share(2)])
  }

  @Test func theNewKeyCountsWhenItsSharesWereShown() throws {
    let random = RandomSource.seeded(7)
    let key = SecretBytes(count: 32, fill: random.fill)
    let configuration = ShareConfiguration(shares: 3, threshold: 2)
    let shares = try Shares.split(key, configuration, random: random)
    var rekey = rekey(configuration, verified: true)
    #expect(throws: EngineError.invalid("no rekey verification in progress")) {
      try rekey.giveBack(shares[0], nonce: "v")
    }
    rekey.verify(Rekey.Candidate(key: key, shares: shares), nonce: "v")
    #expect(throws: EngineError.self) { try rekey.give(share(1), nonce: "n") }
    #expect(throws: EngineError.self) { try rekey.giveBack(shares[0], nonce: "n") }
    #expect(try rekey.giveBack(shares[0], nonce: "v") == nil)
    #expect(throws: EngineError.self) { try rekey.giveBack(shares[0], nonce: "v") }
    // A wrong share at the end, and the count is back at the beginning.
    #expect(throws: EngineError.invalid("rekey verification failed; incorrect key shares supplied")) {
      try rekey.giveBack(share(9), nonce: "v")
    }
    #expect(rekey.progress == 0)
    rekey.restartVerification(nonce: "w")
    #expect(rekey.verificationNonce == "w")
    #expect(try rekey.giveBack(shares[2], nonce: "w") == nil)
    #expect(try rekey.giveBack(shares[1], nonce: "w")?.key == key)
  }

  @Test func aFreshOperationIsCancelledOnlyWithItsNonce() {
    let rekey = rekey(ShareConfiguration(shares: 1, threshold: 1))
    #expect(!rekey.mayBeCancelled(nonce: "", now: begun + .minutes(9)))
    #expect(!rekey.mayBeCancelled(nonce: "m", now: begun + .minutes(11)))
    #expect(rekey.mayBeCancelled(nonce: "n", now: begun))
    #expect(rekey.mayBeCancelled(nonce: "", now: begun + .minutes(10)))
  }
}
