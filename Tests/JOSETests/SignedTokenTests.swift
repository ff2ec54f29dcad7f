import Cryptography
import JSONText
import Primitives
import SecretMemory
import Testing

@testable import JOSE

struct SignedTokenTests {
  private static let claims: JSONObject = ["sub": "ada", "note": "\"},{\"admin\":true"]

  @Test(arguments: SignatureAlgorithm.allCases)
  func onlyItsOwnKeyAndAlgorithmVerify(algorithm: SignatureAlgorithm) throws {
    let key = try algorithm.generateKey()
    let text = try SignedToken.sign(Self.claims, header: ["kid": "k"], algorithm: algorithm, key: key)
    let token = try #require(SignedToken(text))
    #expect(token.claims == Self.claims)
    #expect(token.header == ["alg": .string(algorithm.rawValue), "kid": "k"])
    #expect(token.isSigned(by: key, algorithm: algorithm))
    #expect(try !token.isSigned(by: algorithm.generateKey(), algorithm: algorithm))
    for other in SignatureAlgorithm.allCases where other != algorithm {
      #expect(!token.isSigned(by: key, algorithm: other))
    }
    let parts = text.split(separator: ".")
    let altered = Base64.encode(JSONText(["sub": "eve"] as JSONObject).bytes, alphabet: .url, padded: false)
    let forged = try #require(SignedToken("\(parts[0]).\(altered).\(parts[2])"))
    #expect(!forged.isSigned(by: key, algorithm: algorithm))
  }

  @Test func unsignedAndKeyedTokensAreNotSigned() throws {
    let key = try SignatureAlgorithm.rs256.generateKey()
    let body = Base64.encode(JSONText(Self.claims).bytes, alphabet: .url, padded: false)
    let publicPEM = PEM.encode("PUBLIC KEY", try key.subjectPublicKeyInfo())
    for name in ["none", "None", "HS256"] {
      let header = Base64.encode(JSONText(["alg": .string(name)] as JSONObject).bytes, alphabet: .url, padded: false)
      let code = HMACKey(SecretBytes(copying: Array(publicPEM.utf8))).authenticate(header + "." + body)
      for signature in ["", Base64.encode(code, alphabet: .url, padded: false)] {
        let token = try #require(SignedToken("\(header).\(body).\(signature)"))
        for algorithm in SignatureAlgorithm.allCases { #expect(!token.isSigned(by: key, algorithm: algorithm)) }
      }
    }
  }

  @Test func extensionsThatMustBeUnderstoodAreRefused() throws {
    let key = try SignatureAlgorithm.edDSA.generateKey()
    let text = try SignedToken.sign(Self.claims, header: ["crit": ["b64"]], algorithm: .edDSA, key: key)
    #expect(try !#require(SignedToken(text)).isSigned(by: key, algorithm: .edDSA))
  }

  @Test(arguments: [
    "", ".", "..", "...", "a.b.c", "e30.e30", "e30.e30.e30.e30", "e30.W10.AA", "e30.e30.A", "e30=.e30.AA",
  ])
  func otherTextsAreNoTokens(text: String) { #expect(SignedToken(text) == nil) }

  /// RFC 8037, appendix A.4 and A.5: the key, the payload and the signature of the standard.
  @Test func ed25519OfTheStandard() throws {
    let seed = try Base64.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", alphabet: .url, padded: false)
    let key = try AsymmetricKey(ed25519Seed: SecretBytes(copying: seed))
    let jwk = try JSONWebKey.publicKey(key, id: "k", algorithm: .edDSA)
    #expect(jwk["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    #expect(jwk["kty"] == "OKP" && jwk["crv"] == "Ed25519")
    let message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    let signature = try SignatureAlgorithm.edDSA.sign(Array(message.utf8), with: key)
    #expect(
      Base64.encode(signature, alphabet: .url, padded: false)
        == "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
  }

  /// Coordinates keep the zeros before them (RFC 7518, section 6.2.1.2), however rare those are.
  @Test func coordinatesAreAsWideAsTheField() throws {
    for (algorithm, width) in [(SignatureAlgorithm.es256, 32), (.es384, 48), (.es512, 66)] {
      for _ in 0..<20 {
        let jwk = try JSONWebKey.publicKey(algorithm.generateKey(), id: "k", algorithm: algorithm)
        for name in ["x", "y"] {
          let text = try #require(jwk[name]?.stringValue)
          #expect(try Base64.decode(text, alphabet: .url, padded: false).count == width)
        }
        #expect(jwk["d"] == nil && jwk["kty"] == "EC")
      }
    }
  }

  @Test func rsaKeysShowTheirPublicNumbersOnly() throws {
    let key = try SignatureAlgorithm.rs384.generateKey()
    let jwk = try JSONWebKey.publicKey(key, id: "k", algorithm: .rs384)
    #expect(Set(jwk.names) == ["alg", "kid", "use", "kty", "n", "e"])
    #expect(jwk["e"] == "AQAB")
    let modulus = try Base64.decode(#require(jwk["n"]?.stringValue), alphabet: .url, padded: false)
    #expect(modulus.count == 256 && modulus[0] >= 0x80)
  }
}
