import Cryptography
import Primitives
import SecretMemory
import Testing

@testable import SSHKeys

@Suite struct KeyTests {
  static let pairs: [(algorithm: KeyAlgorithm, bits: Int, line: String, text: String)] = [
    (.rsa, 2048, Samples.rsaPublic, Samples.rsaPrivate), (.ecdsa256, 256, Samples.ec256Public, Samples.ec256Private),
    (.ecdsa384, 384, Samples.ec384Public, Samples.ec384Private),
    (.ecdsa521, 521, Samples.ec521Public, Samples.ec521Private), (.ed25519, 256, Samples.edPublic, Samples.edPrivate),
  ]

  @Test(arguments: pairs.indices) func readsWhatOpenSSHWrites(_ at: Int) throws {
    let (algorithm, bits, line, text) = Self.pairs[at]
    let publicKey = try PublicKey(line: line)
    #expect(publicKey.algorithm == algorithm)
    #expect(publicKey.bits == bits)
    #expect(publicKey.line == line)
    #expect(try PublicKey(blob: publicKey.blob).blob == publicKey.blob)
    let key = try PrivateKeyText.read(text)
    #expect(key.hasPrivatePart)
    #expect(try PublicKey(key).blob == publicKey.blob)
  }

  @Test(arguments: pairs.indices) func readsWhatItWrites(_ at: Int) throws {
    let key = try PrivateKeyText.read(Self.pairs[at].text)
    for comment in ["", "a", "abcdefgh", "two words"] {
      let again = try PrivateKeyText.read(PrivateKeyText.openSSH(key, comment: comment, check: 0xFFFF_FFFE))
      #expect(try again.pkcs8() == key.pkcs8())
    }
  }

  @Test(arguments: [
    (Samples.rsaPEM, Samples.rsaPublic), (Samples.ec256PEM, Samples.ec256Public),
    (Samples.ec384PKCS8, Samples.ec384Public),
  ])
  func readsPEM(_ text: String, _ line: String) throws {
    #expect(try PublicKey(PrivateKeyText.read(text)).blob == PublicKey(line: line).blob)
  }

  @Test func saysThatAKeyHasAPassphrase() {
    for text in [Samples.encrypted, Samples.encryptedPEM] {
      #expect(throws: SSHKeyError.encrypted) { try PrivateKeyText.read(text) }
    }
  }

  @Test func keepsTheComment() throws {
    #expect(try PublicKey(line: " \t" + Samples.edPublic + "  \r\n").comment == "ed two words")
  }

  @Test func refusesLinesThatAreNoKey() throws {
    let words = Samples.edPublic.split(separator: " ").map(String.init)
    let other = Samples.ec256Public.split(separator: " ").map(String.init)
    for line in [
      "", "ssh-ed25519", words[1], "ssh-ed25519 !!!", "ssh-ed25519 AAAA", "\(words[0]) \(other[1])",
      "command=\"x\" \(Samples.edPublic)", "\(words[0])\n\(words[1])", "\(Samples.edPublic)\n\(Samples.edPublic)",
      "\(words[0]) \(words[1])AAAA", "ssh-dss AAAAB3NzaC1kc3M=",
    ] {
      #expect(throws: SSHKeyError.self, "\(line)") { try PublicKey(line: line) }
    }
    #expect(throws: SSHKeyError.isCertificate) { try PublicKey(line: Samples.userCertificate) }
    #expect(throws: SSHKeyError.unsupportedType("ssh-dss")) { try PublicKey(line: "ssh-dss AAAA") }
    #expect(throws: SSHKeyError.tooLarge) {
      try PublicKey(line: "ssh-rsa " + String(repeating: "A", count: 40_000))
    }
  }

  private func rsaBlob(_ exponent: [UInt8], _ modulus: [UInt8]) -> [UInt8] {
    var writer = WireWriter()
    writer.string("ssh-rsa")
    writer.string(exponent)
    writer.string(modulus)
    return writer.bytes
  }

  @Test func refusesUnsoundRSAKeys() throws {
    let modulus = [0] + (try PrivateKeyText.read(Samples.rsaPrivate).rsaPublic().modulus)
    #expect(throws: Never.self) { try PublicKey(blob: rsaBlob([1, 0, 1], modulus)) }
    for (exponent, modulus) in [
      ([1], modulus), ([1, 0, 2], modulus), ([0x81], modulus), ([0, 1, 0, 1], modulus), ([], modulus), ([0], modulus),
      ([1, 0, 1], Array(modulus.dropFirst())), ([1, 0, 1], [0] + modulus), ([1, 0, 1], [0xFF]), ([1, 0, 1], []),
      ([1, 0, 1], [0x7F] + [UInt8](repeating: 0xFF, count: 1024)),
      ([1, 0, 1], [0x7F] + [UInt8](repeating: 0xFF, count: 100)),
    ] as [([UInt8], [UInt8])] {
      #expect(throws: SSHKeyError.self) { try PublicKey(blob: rsaBlob(exponent, modulus)) }
    }
  }

  @Test func refusesPointsOffTheCurve() throws {
    let publicKey = try PublicKey(line: Samples.ec256Public)
    for at in [publicKey.blob.count - 1, publicKey.blob.count - 65] {
      var blob = publicKey.blob
      blob[at] ^= 1
      #expect(throws: SSHKeyError.unsoundKey) { try PublicKey(blob: blob) }
    }
  }

  @Test func refusesPartsThatDoNotBelongTogether() throws {
    let mine = PEM.first(in: Samples.edPrivate)?.bytes ?? []
    // The public key in front, the one in the secret part, and the seed.
    for at in [70, 120, 140] {
      var bytes = mine
      bytes[at] ^= 1
      #expect(throws: SSHKeyError.self) { try PrivateKeyText.read(PEM.encode("OPENSSH PRIVATE KEY", bytes)) }
    }
  }

  @Test func keysOnSecurityTokensAreTaken() throws {
    var writer = WireWriter()
    writer.string("sk-ssh-ed25519@openssh.com")
    writer.string(try PrivateKeyText.read(Samples.edPrivate).rawPublicKey())
    writer.string("ssh:")
    let key = try PublicKey(blob: writer.bytes)
    #expect(key.algorithm == .tokenEd25519)
    #expect(throws: SSHKeyError.self) { try key.verificationKey() }
    let signer = try CertificateSigner(PrivateKeyText.read(Samples.edPrivate))
    let certificate = Certificate(
      key: key, kind: .user, serial: 1, keyID: "k", principals: ["a"], validAfter: 0, validBefore: .max,
      criticalOptions: [:], extensions: [:])
    let line = try certificate.signed(by: signer, nonce: [1])
    #expect(line.hasPrefix("sk-ssh-ed25519-cert-v01@openssh.com "))
    #expect(try SignedCertificate(line: line).certificate == certificate)
  }
}
