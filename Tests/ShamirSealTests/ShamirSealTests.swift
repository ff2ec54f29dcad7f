import Primitives
import SealAPI
import SecretMemory
import ShamirSeal
import Testing

private let root = SecretBytes(copying: RandomSource.seeded(1).bytes(32))
private let unsealKey = SecretBytes(copying: RandomSource.seeded(2).bytes(32))

@Test func theKeyThatWrappedUnwraps() throws {
  let seal = ShamirSeal(random: .seeded(3))
  seal.use(unsealKey)
  let sealed = try seal.wrap(root)
  let stored = try SealedKey(json: sealed.json.bytes)
  #expect(stored == sealed)
  seal.forget()
  #expect(throws: SealError.unavailable("not enough shares were given yet")) { try seal.unwrap(stored) }
  try seal.use(shares: [unsealKey])
  #expect(try seal.unwrap(stored) == root)
  #expect(!seal.isAuto)
  #expect(!seal.isRewrapDue(stored))
}

@Test func otherKeysAndChangedBytesDoNotUnwrap() throws {
  let seal = ShamirSeal(random: .seeded(3))
  seal.use(unsealKey)
  let sealed = try seal.wrap(root)
  for at in sealed.ciphertext.indices {
    var changed = sealed
    changed.ciphertext[at] ^= 1
    #expect(throws: SealError.refused("cipher: message authentication failed")) { try seal.unwrap(changed) }
  }
  for count in [0, 16, 31, 32, 33] {
    seal.use(SecretBytes(copying: [UInt8](repeating: 1, count: count)))
    #expect(throws: SealError.refused("cipher: message authentication failed")) { try seal.unwrap(sealed) }
  }
  #expect(throws: SealError.refused("the shares do not belong together")) {
    try seal.use(shares: [unsealKey, SecretBytes(copying: [1, 2])])
  }
}

@Test(arguments: [
  "", "{}", "[]", #"{"key_id":"a"}"#, #"{"key_id":1,"ciphertext":""}"#, #"{"key_id":"a","ciphertext":"*"}"#,
])
func whatIsNoSealedKeyIsDamage(text: String) {
  #expect(throws: SealError.damaged) { try SealedKey(json: Array(text.utf8)) }
}
