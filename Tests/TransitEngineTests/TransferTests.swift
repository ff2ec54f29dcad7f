import Cryptography
import JSONText
import Primitives
import SecretMemory
import Testing

@testable import TransitEngine

private let hasMLDSA = AsymmetricKey.Kind.mlDSA(.mlDSA65).isAvailable
private let hasMLKEM = AsymmetricKey.Kind.mlKEM(.mlKEM768).isAvailable
private let extendedTypes: [(String, JSONObject)] =
  [("aes128-cmac", [:]), ("aes192-cmac", [:]), ("aes256-cmac", [:])]
  + (hasMLDSA ? ["44", "65", "87"].map { ("ml-dsa", ["parameter_set": .string($0)] as JSONObject) } : [])
  + (hasMLKEM ? ["768", "1024"].map { ("ml-kem", ["parameter_set": .string($0)] as JSONObject) } : [])
private let everyType: [(String, JSONObject)] = [
  ("aes128-gcm96", [:]), ("aes256-gcm96", [:]), ("chacha20-poly1305", [:]), ("ed25519", [:]), ("ecdsa-p256", [:]),
  ("ecdsa-p384", [:]), ("ecdsa-p521", [:]), ("rsa-2048", [:]), ("hmac", ["key_size": 64]),
  ("aes256-gcm96", ["derived": true]), ("aes128-gcm96", ["derived": true, "convergent_encryption": true]),
  ("ed25519", ["derived": true]),
]
private let extended = ["extended_key_types": "true"]

@Test func backupsBringEveryTypeBackWithAllItsVersions() throws {
  let transit = try MountedTransit(options: extended)
  let other = try MountedTransit(seed: 2)
  for (number, (type, options)) in (everyType + extendedTypes).enumerated() {
    let name = "k\(number)"
    var fields = options
    fields["type"] = .string(type)
    fields["exportable"] = true
    fields["allow_plaintext_backup"] = true
    try transit.key(name, fields)
    transit.step(.seconds(5))
    try transit.write("keys/\(name)/rotate")
    try transit.write("keys/\(name)/rotate")
    try transit.write("keys/\(name)/config", ["min_decryption_version": 2, "min_encryption_version": 2])
    if number % 2 == 0 { try transit.write("keys/\(name)/trim", ["min_available_version": 2]) }
    let backup = try transit.read("backup/" + name).text("backup")
    #expect(try other.write("restore", ["backup": .string(backup)]).status == 204)
    let original = try #require(try transit.mount.load(name)).record
    var restored = try #require(try other.mount.load(name)).record
    #expect(restored.restoration?.version == 3 && restored.backup == original.backup)
    restored.restoration = nil
    if type == "hmac" {
      // The key that makes HMACs is kept in one place of two; what it makes must be the same.
      let input: JSONObject = ["input": "YWJj"]
      let made = try transit.write("hmac/" + name, input).text("hmac")
      #expect(try other.write("hmac/" + name, input).text("hmac") == made)
    } else {
      #expect(restored == original, "\(type)")
    }
    #expect(try other.write("restore/" + name, ["backup": .string(backup)]).status == 400)
    #expect(try other.write("restore/\(name)-copy", ["backup": .string(backup)]).status == 204)
  }
}

/// A backup and ciphertexts of another server: a convergent key, whose ciphertexts come out byte for byte.
@Test func backupsOfOtherServersAreRead() throws {
  let key = "MUR0epYlfpvdmH7CEzGQ3nNH4f+b/jcS8o8lTlXppLU="
  let entry = """
    {"key":"\(key)","hmac_key":"zoggKHnxOaHuPJEE5m0jwbHuKm584dQUpMpqv/VKJ7w=",\
    "time":"2026-11-21T02:36:03.879324084Z","convergent_version":3,"creation_time":1795228563}
    """
  let backup = """
    {"policy":{"name":"conv","keys":{"1":\(entry)},"derived":true,"kdf":1,"convergent_encryption":true,\
    "exportable":true,"min_decryption_version":1,"min_encryption_version":0,"latest_version":1,"archive_version":1,\
    "archive_min_version":0,"min_available_version":0,"deletion_allowed":false,"convergent_version":-1,"type":0,\
    "backup_info":{"time":"2026-11-21T02:36:03.920998571Z","version":1},"restore_info":null,\
    "allow_plaintext_backup":true,"auto_rotate_period":0}}
    """
  let transit = try MountedTransit()
  #expect(try transit.write("restore", ["backup": .string(Base64.encode(Array(backup.utf8)))]).status == 204)
  let context: JSONObject = ["context": "dGVuYW50PXNob3A="]
  let expected = "vault:v1:FPrVqQsF0mhyAx7Q/utW7B5h5MSydzukMz4cTVWaygM5y5SI1wtPmzzXIYFvupSNEtWj"
  #expect(try transit.encrypt("conv", "invoice 2041: 99.50 EUR", context) == expected)
  #expect(try transit.decrypt("conv", expected, context) == "invoice 2041: 99.50 EUR")
}

@Test func brokenBackupsAreRefused() throws {
  let transit = try MountedTransit()
  let random = RandomSource.seeded(4)
  for (type, options) in [("ecdsa-p256", [:] as JSONObject), ("aes256-gcm96", ["derived": true])] {
    let name = "k-" + type
    var fields = options
    fields["type"] = .string(type)
    fields["exportable"] = true
    fields["allow_plaintext_backup"] = true
    try transit.key(name, fields)
    let whole = try Base64.decode(try transit.read("backup/" + name).text("backup"))
    for _ in 0..<300 {
      var bytes = whole
      bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(truncatingIfNeeded: 0x20 + random.below(0x5F))
      if random.below(4) == 0 { bytes.removeLast(Int(random.below(UInt64(bytes.count)))) }
      let answer = try transit.write("restore/copy", ["backup": .string(Base64.encode(bytes)), "force": true])
      #expect(answer.status == 204 || answer.status == 400)
      // What was taken can be used, or says why not.
      _ = try transit.read("keys/copy")
      _ = try transit.write("encrypt/copy", ["plaintext": "", "context": "eA=="])
      _ = try transit.write("sign/copy", ["input": ""])
    }
  }
}

@Test func handedOnKeysAreTheSameElsewhere() throws {
  let source = try MountedTransit(options: extended)
  let destination = try MountedTransit(seed: 3, options: extended)
  let wrapping = try destination.read("wrapping_key").text("public_key")
  #expect(try destination.read("wrapping_key").text("public_key") == wrapping)
  let imported = try source.write("keys/wrap/import", ["type": "rsa-4096", "public_key": .string(wrapping)])
  #expect(imported.status == 204)
  let types =
    ["aes128-gcm96", "ed25519", "ecdsa-p521", "rsa-2048", "hmac", "aes192-cmac"] + (hasMLDSA ? ["ml-dsa"] : [])
    + (hasMLKEM ? ["ml-kem"] : [])
  let sets = ["ml-dsa": "65", "ml-kem": "1024"]
  for (number, type) in types.enumerated() {
    let name = "k\(number)"
    var fields: JSONObject = ["type": .string(type), "exportable": true]
    if type == "hmac" { fields["key_size"] = 33 }
    if let set = sets[type] { fields["parameter_set"] = .string(set) }
    try source.key(name, fields)
    try source.write("keys/\(name)/rotate")
    let blobs = try source.call(.read, "byok-export/wrap/" + name, ["hash": "SHA384"])["keys"]
    let first: JSONObject = [
      "ciphertext": blobs?["1"] ?? .null, "type": .string(type), "hash_function": "sha384", "exportable": true,
      "parameter_set": .string(sets[type] ?? ""),
    ]
    #expect(try destination.write("keys/\(name)/import", first).status == 204)
    let second: JSONObject = ["ciphertext": blobs?["2"] ?? .null, "hash_function": "SHA384"]
    #expect(try destination.write("keys/\(name)/import_version", second).status == 204)
    let here = try #require(try source.mount.load(name)).record
    let there = try #require(try destination.mount.load(name)).record
    #expect(there.versions.mapValues(\.material) == here.versions.mapValues(\.material))
    #expect(there.isImported && there.latest == 2)
    #expect(try destination.write("keys/\(name)/rotate").status == 400)
    #expect(try destination.write("keys/\(name)/import", first).status == 400)
  }
  // A public key alone cannot decrypt, sign or leave as a private one.
  let sealed = try source.encrypt("wrap", "text")
  #expect(try source.decrypt("wrap", sealed).contains("private part"))
  #expect(try source.write("sign/wrap", ["input": ""]).error.contains("private part"))
  #expect(try source.write("keys/wrap/csr").status == 400)
  try source.write("keys/wrap/config", ["exportable": true])
  #expect(try source.read("export/encryption-key/wrap")["keys"] == ["1": ""])
  #expect(try source.read("byok-export/wrap/wrap").status == 400)
  let random = RandomSource.seeded(8)
  for count in [0, 1, 511, 512, 513, 536, 600] {
    let blob = Base64.encode(random.bytes(count))
    #expect(try destination.write("keys/no/import", ["ciphertext": .string(blob)]).status == 400)
  }
}

@Test func exportsAreBareKeys() throws {
  let transit = try MountedTransit()
  try transit.key("k", ["exportable": true])
  let key = try Base64.decode(transit.read("export/encryption-key/k")["keys"]?["1"]?.stringValue ?? "")
  let ciphertext = try transit.encrypt("k", "text")
  let sealed = try Base64.decode(String(ciphertext.dropFirst("vault:v1:".count)))
  let cipher = try AESGCM(key: SecretBytes(copying: key))
  #expect(try cipher.open(sealed[12...], nonce: Array(sealed[..<12])) == Array("text".utf8))
  try transit.key("e", ["type": "ecdsa-p256"])
  #expect(try transit.read("export/signing-key/e").status == 400)
  #expect(try transit.read("export/public-key/e").status == 200)
  #expect(try transit.read("export/public-key/none").status == 404)
}
