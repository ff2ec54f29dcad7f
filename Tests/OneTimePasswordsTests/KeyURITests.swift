import OneTimePasswords
import Primitives
import SecretMemory
import Testing

struct KeyURITests {
  private let secret = SecretBytes(copying: Array("Hello!".utf8) + [0xDE, 0xAD, 0xBE, 0xEF])

  /// The example of the format's description, with the parameters that it leaves to their defaults.
  @Test func theFormatsOwnExampleIsRead() throws {
    let uri = try KeyURI(parsing: "otpauth://totp/Example:alice@google.com?secret=JBSWY3DPEHPK3PXP&issuer=Example")
    #expect(uri.issuer == "Example")
    #expect(uri.accountName == "alice@google.com")
    #expect(uri.key == OneTimePasswordKey(secret: secret))
    #expect(
      uri.text == "otpauth://totp/Example:alice@google.com?algorithm=SHA1&digits=6&issuer=Example&period=30"
        + "&secret=JBSWY3DPEHPK3PXP")
  }

  @Test func parametersAndEscapesAreRead() throws {
    let text =
      "otpauth://totp/ACME%20Co%3A%20john.doe%40email.com?secret=jbsw%20y3dp+ehpk3pxp&issuer=ACME+Co&algorithm=sha512"
      + "&digits=8&period=60&image=x#y"
    let uri = try KeyURI(parsing: text)
    #expect(uri.issuer == "ACME Co")
    #expect(uri.accountName == "john.doe@email.com")
    #expect(uri.key.secret == secret)
    #expect(
      uri.key.parameters == OneTimePasswordParameters(algorithm: .sha512, digits: .eight, period: .seconds(60)))
    #expect(try KeyURI(parsing: uri.text) == uri)
  }

  @Test func whatIsLeftOutIsTakenFromTheDefaults() throws {
    let defaults = OneTimePasswordParameters(algorithm: .sha256, digits: .eight, period: .seconds(9), skew: .none)
    let uri = try KeyURI(parsing: "OTPAUTH://TOTP/me?secret=MY", defaults: defaults)
    #expect(uri.issuer.isEmpty)
    #expect(uri.accountName == "me")
    #expect(uri.key.parameters == defaults)
    #expect(try KeyURI(parsing: "otpauth://totp/Big%20Corp:me?secret=MY").issuer == "Big Corp")
  }

  @Test(
    arguments: [
      ("", .notAKeyURI), ("otpauth://totp/", .notAKeyURI), ("otpauth://hotp/a?secret=MY", .notAKeyURI),
      ("https://totp/a?secret=MY", .notAKeyURI), ("otpauth://totp/a%2?secret=MY", .notAKeyURI),
      ("otpauth://totp/a?secret=%ff", .notAKeyURI), ("otpauth://totp/a", .noSecret),
      ("otpauth://totp/a?secret=", .noSecret),
      ("otpauth://totp/a?secret=M1", .secret(Base32.Corrupt(offset: 1))),
      ("otpauth://totp/a?secret=MY&algorithm=MD5", .algorithm),
      ("otpauth://totp/a?secret=MY&digits=7", .digits), ("otpauth://totp/a?secret=MY&period=0", .period),
      ("otpauth://totp/a?secret=MY&digits=a", .digitsNoNumber), ("otpauth://totp/a?period=a", .periodNoNumber),
      ("otpauth://totp/a?secret=MY&period=99999999999999999999", .periodNoNumber),
      ("otpauth://totp/a?secret=MY&period=86401", .periodTooLong),
      ("otpauth://totp/a?secret=MY&period=-30", .period),
    ] as [(String, KeyURIError)])
  func whatIsNoKeyIsRefused(_ text: String, _ reason: KeyURIError) {
    #expect(throws: reason) { try KeyURI(parsing: text) }
  }

  @Test func longTextsAreRefusedUnread() {
    let long = "otpauth://totp/a?secret=" + String(repeating: "MZXW6YTB", count: 600)
    #expect(throws: KeyURIError.tooLong) { try KeyURI(parsing: long) }
  }

  @Test func damagedTextsNeverTrapAndComeBackAsRead() throws {
    let text = Array("otpauth://totp/A%20b:c@d?secret=JBSWY3DPEHPK3PXP&issuer=A%20b&digits=8&period=60".utf8)
    let random = RandomSource.seeded(7)
    var read = 0
    for _ in 0..<20_000 {
      var damaged = text
      for _ in 0...random.below(3) {
        let at = Int(random.below(UInt64(damaged.count)))
        switch random.below(3) {
        case 0: damaged[at] = UInt8(random.below(256))
        case 1: damaged.remove(at: at)
        default: damaged.insert(UInt8(random.below(128)), at: at)
        }
      }
      guard let uri = try? KeyURI(parsing: String(decoding: damaged, as: UTF8.self)) else { continue }
      read += 1
      #expect(try KeyURI(parsing: uri.text).key == uri.key)
    }
    #expect(read > 1000)
  }
}
