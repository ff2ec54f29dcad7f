import Primitives
import SecretMemory
import Testing

@testable import Cryptography

private let edAuthority = """
  -----BEGIN CERTIFICATE-----
  MIIBPDCB76ADAgECAhQT8l/VawYcV153G2Dc1+xe3F8E6TAFBgMrZXAwEzERMA8G
  A1UEAwwIVHJpYWwgQ0EwIBcNMjYxMTIxMTc0NDQ5WhgPMjEyNjEwMjgxNzQ0NDla
  MBMxETAPBgNVBAMMCFRyaWFsIENBMCowBQYDK2VwAyEAgdoVPq1JnAQKTb3URnby
  Z8bemt9OFKqeL6y8Hy+bKoqjUzBRMB0GA1UdDgQWBBROfvmnwg2K9aMSQHaSbb7V
  INakpDAfBgNVHSMEGDAWgBROfvmnwg2K9aMSQHaSbb7VINakpDAPBgNVHRMBAf8E
  BTADAQH/MAUGAytlcANBAOM3A7niUOzTGi3HgLcavGV7hLZH1sNUnnj5OBEFlvao
  fBW7zDwlfqOo0JWHEJ9Of4iqRBj0Xg52u05xVlR3ewU=
  -----END CERTIFICATE-----
  """
private let edKey = """
  -----BEGIN PRIVATE KEY-----
  MC4CAQAwBQYDK2VwBCIEIHKrc4hBAvqMPGwXl/LBE8HlHgH8Srg+szOlSO5G/88+
  -----END PRIVATE KEY-----
  """
private let ecAuthority = """
  -----BEGIN CERTIFICATE-----
  MIIBfjCCASOgAwIBAgIURsICgQHxb95ikoeek9N72sXRvcUwCgYIKoZIzj0EAwIw
  EzERMA8GA1UEAwwIVHJpYWwgQ0EwIBcNMjYxMTIxMTc0NDQ5WhgPMjEyNjEwMjgx
  NzQ0NDlaMBMxETAPBgNVBAMMCFRyaWFsIENBMFkwEwYHKoZIzj0CAQYIKoZIzj0D
  AQcDQgAEvrcw86isVoqFlgs6jrI/hl9YASCWIXJvKFJxL0caTJ5jI/Oli+OnicYJ
  MHkrXJ/2kAW0CZZghfpO6CwlOdXlTKNTMFEwHQYDVR0OBBYEFCbZWXcngn27HOT3
  WGCdhje8I2JvMB8GA1UdIwQYMBaAFCbZWXcngn27HOT3WGCdhje8I2JvMA8GA1Ud
  EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAOeFvNF3B/V+QX8EWC3vUgnd
  z+Oa2rJ76At7LqSYQ3SMAiEA0k9Y1X34GmhoiJ5W+z4OpIF87hHsH74qfVvIXO48
  W8I=
  -----END CERTIFICATE-----
  """
/// ECPrivateKey (RFC 5915).
private let ecKey = """
  -----BEGIN EC PRIVATE KEY-----
  MHcCAQEEINKKL7oh77YD0N1Vjf+hpADmkJnmCCQ5YIQpKhmB/4rvoAoGCCqGSM49
  AwEHoUQDQgAEvrcw86isVoqFlgs6jrI/hl9YASCWIXJvKFJxL0caTJ5jI/Oli+On
  icYJMHkrXJ/2kAW0CZZghfpO6CwlOdXlTA==
  -----END EC PRIVATE KEY-----
  """
private let ecKeyWithPassphrase = """
  -----BEGIN ENCRYPTED PRIVATE KEY-----
  MIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBAd6fUyoig+Uaspqjs+
  QfnGAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQP6xK7CyMXAPQXBjR
  dBXsZASBkBojWehxaJmrAn8s4Sv/nMwAgioMBSJ4upn22L56viTpq4szMI4wYnod
  PRPvu+3CZojETHMWVbxPRXAkUItiCFX7/NoA1bNCXw6tGvuFymcVEeVulQIpEixn
  kTU1ORDsL+tzdaTdU1UtRqRGNmA4XO/sztRiR3oydadxRW7en6LqVCZ0mIxTSjRN
  NGIqMwUKCw==
  -----END ENCRYPTED PRIVATE KEY-----
  """
/// Of somebody who may not sign.
private let leaf = """
  -----BEGIN CERTIFICATE-----
  MIIBcjCCARigAwIBAgIUImJElCchcr2PPoBpXUkmCSbzwT8wCgYIKoZIzj0EAwIw
  DzENMAsGA1UEAwwEbGVhZjAgFw0yNjExMjExNzQ0NDlaGA8yMTI2MTAyODE3NDQ0
  OVowDzENMAsGA1UEAwwEbGVhZjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMsM
  Rz9RlswhbXEf2lV7CJX+kivRSs455G6XmuNtEGvQWnFbALy004E8URyFKSW86g/+
  r9s4BCKVGTKoQRZQqc+jUDBOMB0GA1UdDgQWBBSWIwg/4iVG8U7cYdZgRDXcQeW6
  5TAfBgNVHSMEGDAWgBSWIwg/4iVG8U7cYdZgRDXcQeW65TAMBgNVHRMBAf8EAjAA
  MAoGCCqGSM49BAMCA0gAMEUCIEzDh07yX9bp+PJRASoIi/6GgziOMP3mowLO8v0S
  jF7LAiEA7l0Np1Jh2p1TpOBNsWhptMrbMPKPuZvR45MXM3lHz/A=
  -----END CERTIFICATE-----
  """
private let leafKey = """
  -----BEGIN PRIVATE KEY-----
  MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1HQHMX9p1H1o6Dqq
  MEFUiI4rCrmDFayBpdxs5MhuNjOhRANCAATLDEc/UZbMIW1xH9pVewiV/pIr0UrO
  OeRul5rjbRBr0FpxWwC8tNOBPFEchSklvOoP/q/bOAQilRkyqEEWUKnP
  -----END PRIVATE KEY-----
  """

private let now = Timestamp(seconds: 1_800_000_000)

private func authority(_ certificate: String, _ key: String) throws(CertificateAuthority.Mistake)
  -> CertificateAuthority
{
  try CertificateAuthority(certificate: certificate, privateKey: SecretBytes(copying: key.utf8))
}

@Test(
  arguments: [
    (.rsa(bits: 2048), "RSA PRIVATE KEY"), (.ec(bits: 224), "EC PRIVATE KEY"), (.ec(bits: 521), "EC PRIVATE KEY"),
    (.ed25519, "PRIVATE KEY"),
  ] as [(ClientKey.Kind, String)])
private func certificatesOfClients(kind: ClientKey.Kind, label: String) throws {
  for authority in [try authority(edAuthority, edKey), try authority(ecAuthority, ecKey)] {
    let key = try ClientKey(kind)
    let text = try authority.clientCertificate(
      commonName: "v-app-1", key: key, hash: .sha384, from: now, until: now + .hours(1), random: .seeded(1))
    let block = try #require(PEM.first(in: text))
    let facts = try CertificateFacts(der: block.bytes)
    #expect(!facts.isAuthority)
    let shown = try key.pem().withBytes { String(decoding: $0, as: UTF8.self) }
    let keyBlock = try #require(PEM.first(in: shown))
    #expect(keyBlock.label == label)
    if kind == .ed25519 {
      let privateKey = try AsymmetricKey(pkcs8: SecretBytes(copying: keyBlock.bytes))
      #expect(try #require(facts.publicKey).hasSamePublicPart(as: privateKey))
    }
  }
}

@Test func authoritiesThatCannotSign() {
  #expect(throws: CertificateAuthority.Mistake.certificate) { try authority("nonsense", ecKey) }
  #expect(throws: CertificateAuthority.Mistake.certificate) { try authority(ecKey, ecKey) }
  #expect(throws: CertificateAuthority.Mistake.privateKey) { try authority(ecAuthority, "") }
  #expect(throws: CertificateAuthority.Mistake.privateKey) { try authority(ecAuthority, ecAuthority) }
  #expect(throws: CertificateAuthority.Mistake.privateKey) { try authority(ecAuthority, ecKeyWithPassphrase) }
  #expect(throws: CertificateAuthority.Mistake.otherKey) { try authority(ecAuthority, leafKey) }
  #expect(throws: CertificateAuthority.Mistake.otherKey) { try authority(ecAuthority, edKey) }
  #expect(throws: CertificateAuthority.Mistake.notAnAuthority) { try authority(leaf, leafKey) }
}

@Test func whatCannotStandInACertificate() throws {
  let authority = try authority(ecAuthority, ecKey)
  let key = try ClientKey(.ed25519)
  for name in ["", String(repeating: "x", count: 65)] {
    #expect(throws: CryptographyError.library) {
      try authority.clientCertificate(
        commonName: name, key: key, hash: .sha256, from: now, until: now + .hours(1), random: .seeded(1))
    }
  }
  #expect(!authority.hasExpired(at: now) && authority.hasExpired(at: now + .hours(24 * 40_000)))
  #expect(throws: CryptographyError.keyLength) { try ClientKey(.rsa(bits: 1024)) }
  #expect(throws: CryptographyError.keyLength) { try ClientKey(.ec(bits: 255)) }
}
