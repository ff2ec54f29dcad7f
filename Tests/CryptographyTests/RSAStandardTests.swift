import Primitives
import SecretMemory
import Testing

@testable import Cryptography

private func bytes(_ text: String) throws -> [UInt8] { try Base64.decode(text, alphabet: .url, padded: false) }

// RFC 7520, section 4.2: a signature by RSA-PSS with SHA-384.
private let signedText =
  "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2l"
  + "uZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWV"
  + "wIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4"
private let signersModulus =
  "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKr"
  + "Kb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5l"
  + "FHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__"
  + "kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"
private let signature =
  "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6"
  + "_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3"
  + "lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6G"
  + "YmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw"

// RFC 7516, appendix A.1: a key encrypted by RSA-OAEP with SHA-1.
private let modulus =
  "oahUIoWw0K0usKNuOR6H4wkf4oBUXHTxRvgb48E-BVvxkeDNjbC4he8rUWcJoZmds2h7M70imEVhRU5djINXtqllXI4DFqcI1DgjT9Le"
  + "wND8MW2Krf3Spsk_ZkoFnilakGygTwpZ3uesH-PFABNIUYpOiN15dsQRkgr0vEhxN92i2asbOenSZeyaxziK72UwxrrKoExv6kc5twXT"
  + "q4h-QChLOln0_mtUZwfsRaMStPs6mS6XrgxnxbWhojf663tuEQueGC-FCMfra36C9knDFGzKsNa7LZK2djYgyD3JR_MB_4NUJW_TqOQt"
  + "wHYbxevoJArm-L5StowjzGy-_bq6Gw"
private let exponent =
  "kLdtIj6GbDks_ApCSTYQtelcNttlKiOyPzMrXHeI-yk1F7-kpDxY4-WY5NWV5KntaEeXS1j82E375xxhWMHXyvjYecPT9fpwR_M9gV8n"
  + "9Hrh2anTpTD93Dt62ypW3yDsJzBnTnrYu1iwWRgBKrEYY46qAZIrA2xAwnm2X7uGR1hghkqDp0Vqj3kbSCz1XyfCs6_LehBwtxHIyh8R"
  + "ipy40p24moOAbgxVw3rxT_vlt3UVe4WO3JkJOzlpUf-KTVI2Ptgm-dARxTEtE-id-4OJr0h-K-VFs3VSndVTIznSxfyrj8ILL6MG_Uv8"
  + "YAu7VILSB3lOW085-4qE3DzgrTjgyQ"
private let firstPrime =
  "1r52Xk46c-LsfB5P442p7atdPUrxQSy4mti_tZI3Mgf2EuFVbUoDBvaRQ-SWxkbkmoEzL7JXroSBjSrK3YIQgYdMgyAEPTPjXv_hI2_1"
  + "eTSPVZfzL0lffNn03IXqWF5MDFuoUYE0hzb2vhrlN_rKrbfDIwUbTrjjgieRbwC6Cl0"
private let secondPrime =
  "wLb35x7hmQWZsWJmB_vle87ihgZ19S8lBEROLIsZG4ayZVe9Hi9gDVCOBmUDdaDYVTSNx_8Fyw1YYa9XGrGnDew00J28cRUoeBB_jKI1"
  + "oma0Orv1T9aXIWxKwd4gvxFImOWr3QRL9KEBRzk2RatUBnmDZJTIAfwTs0g68UZHvtc"
private let encryptedKey =
  "OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3mx_etLbbWSrFr05kLzcSr4qKAq7YN7e9j"
  + "wQRb23nfa6c9d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb76FdIKLaVmqgfwX7XWRxv2322"
  + "i-vDxRfqNzo_tETKzpVLzfiwQyeyPGLBIO56YJ7eObdv0je81860ppamavo35UgoRdbYaBcoh9QcfylQr66oc6vFWXRcZ_ZT2LawVCWT"
  + "Iy3brGPi6UklfCpIMfIjf7iGdXKHzg"
private let contentKey: [UInt8] = [
  177, 161, 244, 128, 84, 143, 225, 115, 63, 180, 3, 255, 107, 154, 212, 246, 138, 7, 110, 91, 112, 46, 34, 105, 47,
  130, 203, 46, 122, 234, 64, 252,
]

@Test func probabilisticSignatureOfTheStandard() throws {
  let key = try AsymmetricKey(rsaModulus: bytes(signersModulus), exponent: [1, 0, 1], secret: nil)
  let digest = HashFunction.sha384.digest(of: signedText.utf8)
  for salt in [AsymmetricKey.SaltLength.automatic, .hash, .bytes(48)] {
    #expect(try key.verify(bytes(signature), of: digest, .pss(.sha384, salt)))
  }
  #expect(try !key.verify(bytes(signature), of: digest, .pss(.sha384, .bytes(32))))
  #expect(try !key.verify(bytes(signature), of: digest, .pkcs1(.sha384)))
}

@Test func optimalPaddingOfTheStandard() throws {
  func secret(_ text: String) throws -> SecretBytes { SecretBytes(copying: try bytes(text)) }
  let key = try AsymmetricKey(
    rsaModulus: bytes(modulus), exponent: [1, 0, 1],
    secret: (secret(exponent), secret(firstPrime), secret(secondPrime)))
  #expect(try key.decrypt(bytes(encryptedKey), .oaep(.sha1)) == SecretBytes(copying: contentKey))
  #expect(throws: CryptographyError.notAuthentic) { try key.decrypt(bytes(encryptedKey), .oaep(.sha256)) }
}
