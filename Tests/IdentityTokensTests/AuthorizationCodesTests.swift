import Primitives
import Testing

@testable import IdentityTokens

struct AuthorizationCodesTests {
  private static let start = Timestamp(seconds: 1_800_000_000)
  private static func grant(_ entity: String = "e") -> AuthorizationGrant {
    AuthorizationGrant(
      provider: "p", clientID: "c", entityID: entity, redirectURI: "https://x/", nonce: "", scopes: [], challenge: nil,
      authenticated: nil)
  }

  @Test func aCodeWorksOnce() {
    var codes = AuthorizationCodes()
    let added = codes.add("a", Self.grant(), now: Self.start)
    let first = codes.take("a", now: Self.start)
    let second = codes.take("a", now: Self.start)
    let other = codes.take("b", now: Self.start)
    #expect(added && first == Self.grant() && second == nil && other == nil && codes.count == 0)
  }

  @Test(arguments: [(299, true), (300, false), (100_000, false)])
  func aCodeLivesFiveMinutes(seconds: Int64, works: Bool) {
    var codes = AuthorizationCodes()
    _ = codes.add("a", Self.grant(), now: Self.start)
    let grant = codes.take("a", now: Self.start + .seconds(seconds))
    let again = codes.take("a", now: Self.start)
    #expect((grant != nil) == works && again == nil)
  }

  @Test func nobodyUsesUpWhatIsThereForAll() {
    var codes = AuthorizationCodes()
    for number in 0..<AuthorizationCodes.mostOfOne { _ = codes.add("a\(number)", Self.grant(), now: Self.start) }
    let beyond = codes.add("x", Self.grant(), now: Self.start)
    let other = codes.add("y", Self.grant("f"), now: Self.start)
    _ = codes.take("a0", now: Self.start)
    let afterUse = codes.add("z", Self.grant(), now: Self.start)
    let afterTime = codes.add("later", Self.grant(), now: Self.start + .minutes(5))
    #expect(!beyond && other && afterUse && afterTime && codes.count == 1)
  }

  @Test func thereIsABoundForAllTogether() {
    var codes = AuthorizationCodes()
    var added = 0
    for number in 0..<(AuthorizationCodes.most + 10)
    where codes.add("c\(number)", Self.grant("e\(number)"), now: Self.start) {
      added += 1
    }
    #expect(added == AuthorizationCodes.most && codes.count == AuthorizationCodes.most)
  }

  /// RFC 7636, appendix B.
  @Test func challengesOfTheStandard() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    let challenge = CodeChallenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", method: .s256)
    #expect(challenge.isMet(by: verifier))
    #expect(!challenge.isMet(by: verifier + "x") && !challenge.isMet(by: challenge.text) && !challenge.isMet(by: ""))
    let plain = CodeChallenge(verifier, method: .plain)
    #expect(plain.isMet(by: verifier) && !plain.isMet(by: String(verifier.dropLast())))
    #expect(CodeChallenge.isWellFormed(verifier))
    #expect(!CodeChallenge.isWellFormed(String(verifier.dropLast())))
    #expect(!CodeChallenge.isWellFormed(verifier.dropLast() + "+"))
    #expect(!CodeChallenge.isWellFormed(String(repeating: "a", count: 129)))
  }

  private static let allowed = [
    "https://app.example/cb", "http://127.0.0.1:8251/cb", "http://localhost/cb?x=1", "http://[::1]:9/cb",
  ]

  @Test(arguments: [
    "https://app.example/cb", "http://127.0.0.1:8251/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1/cb",
    "http://localhost:65535/cb?x=1", "http://[::1]:33000/cb",
  ])
  func redirectsThatAreAllowed(uri: String) { #expect(RedirectURI.isAllowed(uri, Self.allowed)) }

  @Test(arguments: [
    "", "https://app.example/cb/", "https://app.example/cb?x", "https://app.example:443/cb", "https://APP.example/cb",
    "http://app.example/cb", "https://127.0.0.1:8251/cb", "http://127.0.0.1:8251/cb2", "http://127.0.0.1:8251/cb#x",
    "http://127.0.0.1:8251@evil.example/cb", "http://127.0.0.1.evil.example/cb", "http://127.0.0.1:80:80/cb",
    "http://127.0.0.1:99999/cb", "http://127.0.0.1:/cb", "http://127.0.0.1:+80/cb", "http://localhost:1/cb",
    "http://localhost.evil.example/cb?x=1", "http://evil.example/\\@127.0.0.1/cb", "http://127.0.0.1:1\\@evil/cb",
    "http://127.0.0.2:8251/cb", "http://user@127.0.0.1:8251/cb", "//127.0.0.1:8251/cb", "http://127.0.0.1:1 /cb",
  ])
  func redirectsThatAreNot(uri: String) { #expect(!RedirectURI.isAllowed(uri, Self.allowed)) }
}
