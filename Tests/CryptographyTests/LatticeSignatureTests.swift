import Primitives
import SecretMemory
import Testing

@testable import Cryptography

private func isAvailable() -> Bool { AsymmetricKey.Kind.mlDSA(.mlDSA65).isAvailable }

/// RFC 9881, appendix C: the private keys as seeds alone, and of the public keys that go with them the SHA-256 of the
/// SubjectPublicKeyInfo and the lengths of FIPS 204, section 4.
private let published: [(AsymmetricKey.LatticeParameters, String, String, publicBytes: Int, signatureBytes: Int)] = [
  (
    .mlDSA44, "MDQCAQAwCwYJYIZIAWUDBAMRBCKAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
    "837832708c5236d951581f1fddf2b79991b3424a0486d16da1ddad0fd69701be", 1312, 2420
  ),
  (
    .mlDSA65, "MDQCAQAwCwYJYIZIAWUDBAMSBCKAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
    "b8b62131bfbe84433efb2273d7f5b87f7a22854a2cfd366fc2aead86d837c52d", 1952, 3309
  ),
  (
    .mlDSA87, "MDQCAQAwCwYJYIZIAWUDBAMTBCKAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
    "07e57c4f14dbad1267f621ec3777b4e2e6c4fbc4c22fbb87510ff8e0b3c6a642", 2592, 4627
  ),
]

@Test(.enabled(if: isAvailable())) func latticeKeysOfTheStandard() throws {
  for (parameters, seed, digest, publicBytes, signatureBytes) in published {
    let key = try AsymmetricKey(pkcs8: SecretBytes(copying: Base64.decode(seed)))
    #expect(key.kind == .mlDSA(parameters) && key.hasPrivatePart)
    let open = try key.subjectPublicKeyInfo()
    #expect(open.count == publicBytes + 22)
    #expect(Hex.encode(HashFunction.sha256.digest(of: open)) == digest)
    let again = try AsymmetricKey(pkcs8: key.pkcs8())
    let publicKey = try AsymmetricKey(subjectPublicKeyInfo: open)
    #expect(again.hasSamePublicPart(as: key) && !publicKey.hasPrivatePart)
    let message = Array("a release".utf8)
    let signature = try again.sign(message, .mlDSA)
    #expect(signature.count == signatureBytes)
    #expect(try publicKey.verify(signature, of: message, .mlDSA))
    #expect(try !publicKey.verify(signature, of: message + [0], .mlDSA))
    #expect(try !publicKey.verify(Array(signature.dropLast()), of: message, .mlDSA))
    #expect(try !publicKey.verify([], of: message, .mlDSA))
    #expect(throws: CryptographyError.unsuitableKey) { try publicKey.sign(message, .mlDSA) }
    #expect(throws: CryptographyError.unsuitableKey) { try key.sign(message, .ed25519) }
    #expect(throws: CryptographyError.unsuitableKey) { try key.encrypt(SecretBytes(copying: [1]), .oaep(.sha256)) }
    #expect(try AsymmetricKey.generate(.mlDSA(parameters)).hasSamePublicPart(as: key) == false)
    let request = try CertificateRequest.make(template: nil, key: key)
    try CertificateRequest.check(request)
  }
}
