import Cryptography
import Primitives
import SecretMemory
import Testing

private func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

struct PasswordHashTests {
  /// Of the reference implementation's own tests (OpenBSD), and of crypt_blowfish's.
  static let published: [(password: String, hash: String)] = [
    ("", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkY8jIucDrjc8deX1s."),
    ("a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
    ("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
    ("abcdefghijklmnopqrstuvwxyz", "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC"),
    ("~!@#$%^&*()      ~!@#$%^&*()PNBFRD", "$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO"),
    ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
    ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
  ]

  @Test(arguments: published) func publishedVectors(password: String, hash: String) throws {
    for version in ["$2a$", "$2b$", "$2y$"] {
      let known = try #require(PasswordHash(version + hash.dropFirst(4)))
      #expect(try known.matches(secret(password)))
      #expect(try !known.matches(secret(password + "x")))
    }
  }

  @Test func aVectorWithBytesBeyondASCII() throws {
    let known = try #require(PasswordHash("$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"))
    #expect(try known.matches(SecretBytes(copying: [0xFF, 0xFF, 0xA3])))
    #expect(try !known.matches(SecretBytes(copying: [0xFF, 0xA3])))
  }

  @Test func theOldMarkMeansTheSameForAnyPassword() throws {
    // Of the kind for which some implementations change what $2a$ computes.
    for bytes: [UInt8] in [[0xFF, 0xFF, 0xA3, 0x33, 0x34, 0x35], [0xFF, 0xA3, 0x34, 0xFF, 0xFF, 0xFF, 0xA3, 0x33, 0x34, 0x35]] {
      let password = SecretBytes(copying: bytes)
      let made = try PasswordHash(of: password, cost: 4, random: .seeded(7))
      let old = try #require(PasswordHash("$2a$" + made.text.dropFirst(4)))
      #expect(try old.matches(password))
    }
  }

  @Test func hashesAreSaltedAndOfTheStandardCost() throws {
    let random = RandomSource.seeded(1)
    let first = try PasswordHash(of: secret("training"), random: random)
    let second = try PasswordHash(of: secret("training"), random: random)
    #expect(first.text.hasPrefix("$2b$10$"))
    #expect(first != second)
    #expect(try first.matches(secret("training")))
    #expect(try !first.matches(secret("Training")))
  }

  @Test func passwordsThatTheHashWouldCutAreRefused() {
    func failure(_ bytes: [UInt8]) -> PasswordHashError? {
      do throws(PasswordHashError) {
        _ = try PasswordHash(of: SecretBytes(copying: bytes), cost: 4, random: .seeded(1))
        return nil
      } catch { return error }
    }
    #expect(failure([UInt8](repeating: 0x61, count: 72)) == nil)
    #expect(failure([UInt8](repeating: 0x61, count: 73)) == .tooLong)
    #expect(failure([0x61, 0, 0x62]) == .holdsZero)
  }

  @Test func whatFollowsAZeroIsNotIgnored() throws {
    let known = try PasswordHash(of: secret("a"), cost: 4, random: .seeded(1))
    #expect(try !known.matches(SecretBytes(copying: [0x61, 0, 0x62])))
  }

  @Test func otherTextsAreNoHashes() {
    let digest = String(repeating: "a", count: 53)
    #expect(PasswordHash("$2b$10$" + digest)?.cost == 10)
    let shorter = String(digest.dropLast())
    let texts: [String] = [
      "", "$2b$10$", "$2x$10$\(digest)", "$2b$03$\(digest)", "$2b$32$\(digest)", "$2b$+9$\(digest)", "$1b$10$\(digest)",
      "$2b$10$\(shorter)", "$2b$10$\(digest)a", "$2b$10$\(shorter)!", "$2b$10\(digest)$",
    ]
    for text in texts {
      #expect(PasswordHash(text) == nil, "\(text)")
    }
  }

  @Test func manyAtOnceAllGetTheirTurn() throws {
    let known = try PasswordHash(of: secret("pw"), cost: 4, random: .seeded(1))
    let right = Locked(0)
    let threads = (0..<24).compactMap { number in
      BackgroundThread {
        let isRight = (try? known.matches(secret(number % 2 == 0 ? "pw" : "wp"))) ?? (number % 2 == 1)
        if isRight { right.withLock { $0 += 1 } }
      }
    }
    for thread in threads { thread.join() }
    #expect(right.withLock { $0 } == 12)
  }
}
