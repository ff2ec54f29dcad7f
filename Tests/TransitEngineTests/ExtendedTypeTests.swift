import Cryptography
import JSONText
import Primitives
import SecretMemory
import Testing

@testable import TransitEngine

private let hasMLKEM = AsymmetricKey.Kind.mlKEM(.mlKEM768).isAvailable
private let hasMLDSA = AsymmetricKey.Kind.mlDSA(.mlDSA65).isAvailable

@Test func onlyMountsThatWereToldSoHaveTheExtendedTypes() throws {
  let plain = try MountedTransit()
  for type in ["ml-dsa", "aes128-cmac", "aes192-cmac", "aes256-cmac"] {
    let answer = try plain.write("keys/k", ["type": .string(type), "parameter_set": "65"])
    #expect(answer.error == "key type \(type) is only available in enterprise versions of Vault")
    #expect(try plain.write("keys/k/import", ["type": .string(type)]).error == "unknown key type: \(type)")
  }
  #expect(try plain.write("keys/k", ["type": "ml-kem", "parameter_set": "768"]).error == "unknown key type ml-kem")
  #expect(try plain.write("cmac/k", ["input": ""]).status == 404)
  let transit = try MountedTransit(options: ["extended_key_types": "true"])
  for set: JSONValue in ["", "45", "65 ", "-65"] {
    let answer = try transit.write("keys/k", ["type": "ml-dsa", "parameter_set": set])
    #expect(answer.error == "invalid parameter set \(set.stringValue ?? "") for key type ml-dsa")
  }
  for type in ["slh-dsa", "hybrid", "ml-dsa-65", "ml-kem"] {
    #expect(try transit.write("keys/k", ["type": .string(type), "parameter_set": "65"]).status == 400)
  }
}

@Test(.enabled(if: hasMLDSA)) func latticeKeysSignWholeMessages() throws {
  let transit = try MountedTransit(options: ["extended_key_types": "true"])
  for set in ["44", "65", "87"] {
    let name = "k" + set
    try transit.key(name, ["type": "ml-dsa", "parameter_set": .string(set)])
    let shown = try transit.read("keys/" + name)
    #expect(shown["type"] == "ml-dsa" && shown["parameter_set"] == .string(set))
    #expect(shown["supports_signing"] == true && shown["supports_encryption"] == false)
    #expect(shown["keys"]?["1"]?["name"] == .string("ml-dsa-" + set))
    let input: JSONObject = ["input": "aW5wdXQ="]
    let first = try transit.write("sign/" + name, input).text("signature")
    try transit.write("keys/\(name)/rotate")
    let second = try transit.write("sign/" + name, input).text("signature")
    #expect(first.hasPrefix("vault:v1:") && second.hasPrefix("vault:v2:"))
    var check = input
    for signature in [first, second] {
      check["signature"] = .string(signature)
      #expect(try transit.write("verify/" + name, check)["valid"] == true)
    }
    check["input"] = "b3RoZXI="
    #expect(try transit.write("verify/" + name, check)["valid"] == false)
    let others: [JSONObject] = [
      ["prehashed": true], ["hash_algorithm": "sha2-512"], ["signature_context": "eA=="],
    ]
    for other in others {
      #expect(try transit.write("sign/" + name, JSONObject(members: input.members + other.members)).status == 400)
    }
    #expect(try transit.write("encrypt/" + name, ["plaintext": ""]).status == 400)
    #expect(
      try transit.write("keys/\(name)-d", ["type": "ml-dsa", "parameter_set": "65", "derived": true]).status == 400)
    #expect(try transit.write("keys/\(name)/csr").text("csr").hasPrefix("-----BEGIN CERTIFICATE REQUEST-----"))
    let batch = try transit.write("sign/" + name, ["batch_input": [["input": "eA=="], [:]]])["batch_results"]?
      .arrayValue
    #expect(batch?.first?["signature"]?.stringValue?.hasPrefix("vault:v2:") == true)
    #expect(batch?.last?["error"] == "missing input")
  }
}

@Test(.enabled(if: hasMLKEM)) func encapsulatedTextsComeBack() throws {
  let transit = try MountedTransit(options: ["extended_key_types": "true"])
  for set in ["768", "1024"] {
    let name = "k" + set
    try transit.key(name, ["type": "ml-kem", "parameter_set": .string(set), "exportable": true])
    let shown = try transit.read("keys/" + name)
    #expect(shown["type"] == "ml-kem" && shown["parameter_set"] == .string(set))
    #expect(shown["supports_encryption"] == true && shown["supports_signing"] == false)
    #expect(shown["supports_derivation"] == false)
    #expect(shown["keys"]?["1"]?["public_key"]?.stringValue?.hasPrefix("-----BEGIN PUBLIC KEY-----") == true)
    func decrypted(_ ciphertext: String, _ fields: JSONObject = [:]) throws -> JSONValue? {
      var fields = fields
      fields["ciphertext"] = .string(ciphertext)
      return try transit.write("decrypt/" + name, fields)["plaintext"]
    }
    let first = try transit.write("encrypt/" + name, ["plaintext": "dGV4dA=="]).text("ciphertext")
    let again = try transit.write("encrypt/" + name, ["plaintext": "dGV4dA=="]).text("ciphertext")
    #expect(first.hasPrefix("vault:v1:") && first != again)
    try transit.write("keys/\(name)/rotate")
    let moved = try transit.write("rewrap/" + name, ["ciphertext": .string(first)]).text("ciphertext")
    #expect(moved.hasPrefix("vault:v2:"))
    for ciphertext in [first, again, moved] { #expect(try decrypted(ciphertext) == "dGV4dA==") }

    let fields: JSONObject = ["plaintext": "", "associated_data": "cm93IDc="]
    let bound = try transit.write("encrypt/" + name, fields).text("ciphertext")
    #expect(try decrypted(bound, ["associated_data": "cm93IDc="]) == "")
    #expect(try decrypted(bound) == nil)

    let data = try transit.write("datakey/plaintext/" + name)
    #expect(try decrypted(data.text("ciphertext")) == .string(data.text("plaintext")))

    var bytes = try Base64.decode(String(first.dropFirst("vault:v1:".count)))
    bytes[5] ^= 1
    for wrong in [Base64.encode(bytes), Base64.encode(bytes.dropFirst()), Base64.encode([1, 2, 3]), ""] {
      #expect(try transit.write("decrypt/" + name, ["ciphertext": .string("vault:v1:" + wrong)]).status == 400)
    }
    let refused: [(String, JSONObject)] = [
      ("sign/" + name, ["input": "eA=="]), ("encrypt/" + name, ["plaintext": "", "nonce": "AAAAAAAAAAAAAAAA"]),
      ("keys/\(name)/csr", [:]),
      ("keys/\(name)-d", ["type": "ml-kem", "parameter_set": .string(set), "derived": true]),
    ]
    for (path, fields) in refused { #expect(try transit.write(path, fields).status == 400, "\(path)") }

    let exported = try transit.read("export/encryption-key/" + name)["keys"]?["1"]?.stringValue ?? ""
    let pair = try AsymmetricKey(pkcs8: SecretBytes(copying: #require(PEM.first(in: exported)).bytes))
    let publicText = try transit.read("export/public-key/" + name)["keys"]?["1"]?.stringValue ?? ""
    let publicPart = try AsymmetricKey(subjectPublicKeyInfo: #require(PEM.first(in: publicText)).bytes)
    #expect(pair.hasSamePublicPart(as: publicPart))
  }
}

@Test func codesOfBlockCiphersFollowTheirKeysRules() throws {
  let transit = try MountedTransit(options: ["extended_key_types": "true"])
  for type in ["aes128-cmac", "aes192-cmac", "aes256-cmac"] {
    try transit.key(type, ["type": .string(type), "exportable": true])
    let input: JSONObject = ["input": "aW5wdXQ="]
    let code = try transit.write("cmac/" + type, input).text("cmac")
    let key = try Base64.decode(transit.read("export/cmac-key/" + type)["keys"]?["1"]?.stringValue ?? "")
    let expected = try CMACKey(.init(copying: key)).authenticate(Array("input".utf8))
    #expect(code == "vault:v1:" + Base64.encode(expected))
    let short = try transit.write("cmac/\(type)/4", input).text("cmac")
    #expect(short == "vault:v1:" + Base64.encode(expected[..<4]))
    func isValid(_ code: String, _ fields: JSONObject = [:]) throws -> JSONValue? {
      var fields = fields
      fields["cmac"] = .string(code)
      fields["input"] = fields["input"] ?? "aW5wdXQ="
      return try transit.write("verify/" + type, fields)["valid"]
    }
    #expect(try isValid(code) == true && isValid(short, ["mac_length": 4]) == true)
    // A beginning is good only where one was asked for.
    #expect(try isValid(short) == false && isValid(code, ["mac_length": 4]) == false)
    #expect(try isValid(code, ["input": "b3RoZXI="]) == false)
    try transit.write("keys/\(type)/rotate")
    #expect(try isValid(code) == true)
    #expect(try transit.write("cmac/" + type, input).text("cmac").hasPrefix("vault:v2:"))
    #expect(try transit.write("cmac/" + type, ["input": "aW5wdXQ=", "key_version": 1]).text("cmac") == code)
    try transit.write("keys/\(type)/config", ["min_decryption_version": 2])
    #expect(try isValid(code) == nil)
    for path in ["/0", "/17", "/x"] {
      #expect(try transit.write("cmac/\(type)\(path)", input).status == 400)
    }
    #expect(try transit.write("sign/" + type, input).status == 400)
    #expect(try transit.write("encrypt/" + type, ["plaintext": ""]).status == 400)
    let batch = try transit.write("cmac/" + type, ["batch_input": [["input": "eA==", "reference": "r"], [:]]])
    let results = batch["batch_results"]?.arrayValue
    #expect(results?.first?["cmac"] != nil && results?.first?["reference"] == "r")
    #expect(results?.last?["error"] == "missing input for CMAC")
  }
  try transit.key("other")
  #expect(try transit.write("cmac/other", ["input": ""]).status == 400)
  // Keys stay usable where the option is taken back; there is no endpoint for others.
  let later = try MountedTransit(store: transit.store)
  #expect(try later.write("cmac/aes128-cmac", ["input": ""]).status == 200)
  #expect(try later.write("cmac/other", ["input": ""]).status == 404)
  #expect(try transit.read("export/cmac-key/other").error == "invalid export type: cmac-key")
}
