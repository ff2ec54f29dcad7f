import Primitives
import Testing

@testable import SSHKeys

@Suite struct CertificateTests {
  @Test func readsAUserCertificateOfOpenSSH() throws {
    let signed = try SignedCertificate(line: Samples.userCertificate)
    let certificate = signed.certificate
    #expect(try certificate.key.blob == PublicKey(line: Samples.edPublic).blob)
    #expect(certificate.kind == .user)
    #expect(certificate.serial == 7)
    #expect(certificate.keyID == "id one")
    #expect(certificate.principals == ["mona", "root"])
    #expect(certificate.validAfter == 1_767_225_600)
    #expect(certificate.validBefore == 1_798_761_600)
    #expect(certificate.criticalOptions == ["force-command": "/bin/true x"])
    #expect(certificate.extensions == ["permit-pty": ""])
    #expect(signed.signatureAlgorithm == .ecdsa384)
    #expect(try signed.isGenuine())
  }

  @Test func readsAHostCertificateOfOpenSSH() throws {
    let signed = try SignedCertificate(line: Samples.hostCertificate)
    #expect(signed.certificate.kind == .host)
    #expect(signed.certificate.principals == ["web1.example.com"])
    #expect(signed.certificate.validBefore == .max)
    #expect(signed.signatureAlgorithm == .rsaSHA512)
    #expect(try signed.authority.blob == PublicKey(line: Samples.rsaPublic).blob)
    #expect(try signed.isGenuine())
  }

  private static let authorities: [(String, SignatureAlgorithm?)] = [
    (Samples.rsaPrivate, nil), (Samples.rsaPrivate, .rsaSHA256), (Samples.rsaPrivate, .rsaSHA512),
    (Samples.ec256Private, nil), (Samples.ec384Private, nil), (Samples.ec521Private, nil), (Samples.edPrivate, nil),
  ]

  @Test(arguments: authorities.indices, KeyTests.pairs.indices)
  func readsWhatItSigned(_ authority: Int, _ subject: Int) throws {
    let (text, algorithm) = Self.authorities[authority]
    let signer = try CertificateSigner(PrivateKeyText.read(text), algorithm: algorithm)
    var key = try PublicKey(line: KeyTests.pairs[subject].line)
    key.comment = ""
    let certificate = Certificate(
      key: key, kind: .host, serial: .max, keyID: "é \u{7F}", principals: ["", "a,b", "*"], validAfter: 1,
      validBefore: .max - 1, criticalOptions: ["source-address": "10.0.0.0/8", "a": ""],
      extensions: ["permit-pty": "", "login@example.com": "mona", "Z": "x"])
    // Several, because signatures of curves begin with a zero now and then.
    for nonce in 0..<8 as Range<UInt8> {
      let signed = try SignedCertificate(line: certificate.signed(by: signer, nonce: [nonce]))
      #expect(signed.certificate == certificate)
      #expect(signed.signatureAlgorithm == signer.algorithm)
      #expect(try signed.isGenuine())
    }
  }

  @Test func aSignerTakesNoAlgorithmOfOtherKeys() throws {
    for (text, algorithm) in [
      (Samples.edPrivate, .rsaSHA256), (Samples.ec256Private, .ecdsa384), (Samples.rsaPrivate, .ed25519),
    ] as [(String, SignatureAlgorithm)] {
      #expect(throws: (any Error).self) { try CertificateSigner(PrivateKeyText.read(text), algorithm: algorithm) }
    }
  }

  @Test func moreThanOpenSSHReadsIsNotSigned() throws {
    let signer = try CertificateSigner(PrivateKeyText.read(Samples.edPrivate))
    var certificate = try SignedCertificate(line: Samples.userCertificate).certificate
    certificate.principals = (0..<257).map { "u\($0)" }
    #expect(throws: SSHKeyError.tooLarge) { try certificate.signed(by: signer, nonce: []) }
    certificate.principals = [String(repeating: "x", count: 200 << 10)]
    #expect(throws: SSHKeyError.tooLarge) { try certificate.signed(by: signer, nonce: []) }
  }

  /// No byte of what is signed can change without notice.
  @Test func aChangeAnywhereIsNoticed() throws {
    let blob = try Base64.decode(String(Samples.userCertificate.split(separator: " ")[1]))
    for at in blob.indices {
      var changed = blob
      changed[at] ^= 1 << UInt8(at % 8)
      guard let signed = try? SignedCertificate(blob: changed) else { continue }
      #expect((try? signed.isGenuine()) != true, "byte \(at)")
    }
  }
}
