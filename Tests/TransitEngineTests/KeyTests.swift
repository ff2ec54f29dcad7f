import JSONText
import Primitives
import SecretMemory
import StorageAPI
import Testing

@testable import TransitEngine

@Test func recordsComeBackFromStorageAndDamageIsNoticed() throws {
  let transit = try MountedTransit()
  for type in KeyType.allCases where !type.isRSA {
    var record = try TransitMount.newRecord(
      type, derived: type.supportsDerivation, convergent: type.isCipher, size: type == .hmac ? 48 : 0)
    record.append(try transit.mount.freshVersion(of: record, at: Timestamp(seconds: 5)))
    record.append(try transit.mount.freshVersion(of: record, at: Timestamp(nanoseconds: 77)))
    record.versions[2]?.certificates = [[1, 2], []]
    record.isImported = true
    record.allowsRotationWhenImported = true
    record.backup = .init(time: Timestamp(seconds: 9), version: 2)
    record.rotationPeriod = .hours(3)
    let bytes = KeyRecordCodec.encode(record)
    #expect(try KeyRecordCodec.decode(bytes) == record)
    for count in 0..<bytes.count {
      #expect(throws: StoreError.self) { try KeyRecordCodec.decode(Array(bytes[..<count])) }
    }
    #expect(throws: StoreError.self) { try KeyRecordCodec.decode(bytes + [0]) }
  }
}

@Test func anotherMountOfTheSameStorageSeesEveryChange() throws {
  let first = try MountedTransit()
  let second = try MountedTransit(store: first.store, seed: 2)
  try first.key("k", ["exportable": true])
  let ciphertext = try first.encrypt("k", "one")
  #expect(try second.decrypt("k", ciphertext) == "one")
  try first.write("keys/k/rotate")
  let later = try first.encrypt("k", "two")
  #expect(later.hasPrefix("vault:v2:"))
  #expect(try second.decrypt("k", later) == "two")
  try first.write("keys/k/config", ["min_decryption_version": 2, "deletion_allowed": true])
  #expect(try second.decrypt("k", ciphertext).contains("too old"))
  #expect(try first.call(.delete, "keys/k").status == 204)
  #expect(try second.decrypt("k", later) == "error: encryption key not found")
  try first.key("k")
  #expect(try second.decrypt("k", later).hasPrefix("error: "))
}

@Test func keysRotateWhenTheirPeriodIsOver() throws {
  let transit = try MountedTransit()
  try transit.key("k", ["auto_rotate_period": "2h"])
  let first = try transit.encrypt("k", "text")
  transit.step(.hours(1))
  #expect(try transit.encrypt("k", "text").hasPrefix("vault:v1:"))
  transit.step(.hours(5))
  #expect(try transit.encrypt("k", "text").hasPrefix("vault:v2:"))
  #expect(try transit.encrypt("k", "text").hasPrefix("vault:v2:"))
  #expect(try transit.decrypt("k", first) == "text")
  transit.step(.hours(2))
  #expect(try transit.read("keys/k")["latest_version"] == 3)
  // A store that takes no writes keeps nobody from decrypting.
  transit.step(.hours(2))
  transit.store.state.withLock { $0.isFull = true }
  #expect(try transit.decrypt("k", first) == "text")
  #expect(try transit.read("keys/k")["latest_version"] == 3)
  transit.store.state.withLock { $0.isFull = false }
  #expect(try transit.read("keys/k")["latest_version"] == 4)
  try transit.write("keys/k/config", ["auto_rotate_period": 0])
  transit.step(.hours(100))
  #expect(try transit.read("keys/k")["latest_version"] == 4)
}

@Test func aSmallCacheForgetsAndServesAllTheSame() throws {
  let transit = try MountedTransit()
  try transit.write("cache-config", ["size": 10])
  var sealed: [(String, String)] = []
  for number in 0..<40 {
    try transit.key("k\(number)")
    sealed.append(("k\(number)", try transit.encrypt("k\(number)", "text \(number)")))
    #expect(transit.mount.cache.withLock { $0.count } <= 10)
  }
  for (number, (name, ciphertext)) in sealed.enumerated() {
    #expect(try transit.decrypt(name, ciphertext) == "text \(number)")
  }
  #expect(transit.mount.cache.withLock { $0.count } <= 10)
  #expect(try transit.write("cache-config", ["size": 9]).status == 400)
}

@Test func manyThreadsMakeAndUseOneKey() throws {
  let transit = try MountedTransit()
  let problems = Locked<[String]>([])
  let threads = (0..<8).compactMap { number in
    BackgroundThread {
      do {
        for round in 0..<20 {
          let ciphertext = try transit.encrypt("shared\(round)", "text \(number)")
          if round % 5 == number % 5 { try transit.write("keys/shared\(round)/rotate") }
          let text = try transit.decrypt("shared\(round)", ciphertext)
          if text != "text \(number)" { problems.withLock { $0.append(text) } }
        }
      } catch { problems.withLock { $0.append("\(error)") } }
    }
  }
  for thread in threads { thread.join() }
  #expect(problems.withLock { $0 } == [])
}

@Test func nobodyDecryptsWhatWasChanged() throws {
  let transit = try MountedTransit()
  let random = RandomSource.seeded(9)
  try transit.key("k")
  try transit.key("r", ["type": "rsa-2048"])
  try transit.key("d", ["type": "chacha20-poly1305", "derived": true])
  for name in ["k", "r", "d"] {
    let fields: JSONObject = name == "d" ? ["context": "dGVuYW50"] : [:]
    let ciphertext = try transit.encrypt(name, "a text", fields)
    #expect(try transit.decrypt(name, ciphertext, fields) == "a text")
    for _ in 0..<200 {
      var bytes = Array(ciphertext.utf8)
      let at = Int(random.below(UInt64(bytes.count)))
      bytes[at] = UInt8(truncatingIfNeeded: 0x20 + random.below(0x5F))
      let changed = String(decoding: bytes, as: UTF8.self)
      let text = try transit.decrypt(name, changed, fields)
      // A changed version 1 may read as 0, which is the same.
      if changed != ciphertext && !changed.hasPrefix("vault:v0:") { #expect(text.hasPrefix("error: "), "\(changed)") }
      _ = try transit.decrypt(name, String(decoding: bytes.prefix(at), as: UTF8.self), fields)
    }
  }
}

@Test func equalTextsWithOtherAssociatedDataHaveOtherNonces() throws {
  let transit = try MountedTransit()
  try transit.key("k", ["derived": true, "convergent_encryption": true])
  func sealed(_ data: String) throws -> String {
    try transit.encrypt("k", "text", ["context": "eA==", "associated_data": .string(data)])
  }
  let ciphertexts = try [sealed(""), sealed("MQ=="), sealed("Mg==")]
  #expect(try ciphertexts == [sealed(""), sealed("MQ=="), sealed("Mg==")])
  let nonces = try ciphertexts.map { try Base64.decode(String($0.dropFirst("vault:v1:".count)))[..<12] }
  #expect(Set(nonces).count == 3)
  #expect(try transit.decrypt("k", ciphertexts[1], ["context": "eA==", "associated_data": "MQ=="]) == "text")
}

@Test func batchesTellEachItemsFate() throws {
  let transit = try MountedTransit()
  try transit.key("k")
  let good = try transit.encrypt("k", "x")
  func decrypt(_ ciphertexts: [String], code: Int64? = nil) throws -> Answer {
    var fields: JSONObject = ["batch_input": .array(ciphertexts.map { ["ciphertext": .string($0)] })]
    if let code { fields["partial_failure_response_code"] = .int(code) }
    return try transit.write("decrypt/k", fields)
  }
  #expect(try decrypt([good, good]).status == 200)
  #expect(try decrypt([good, "bad"]).status == 400)
  #expect(try decrypt([good, "bad"], code: 207).status == 207)
  #expect(try decrypt(["bad"], code: 207).status == 400)
  let odd = try decrypt([good, "bad"], code: 204)
  #expect(odd.status == 400 && odd.warnings.count == 1)
  let results = try decrypt([good, "bad"])["batch_results"]?.arrayValue
  #expect(results?.first == ["plaintext": "eA==", "reference": ""])
  #expect(results?.last == ["plaintext": "", "error": "invalid ciphertext: no prefix", "reference": ""])
  for wrong: JSONValue in ["text", [1], [[:]], [["ciphertext": 7]], []] {
    let answer = try transit.write("decrypt/k", ["batch_input": wrong])
    #expect(answer.status == 400 && answer.data == nil)
  }
}

@Test func signaturesOfEveryTypeVerifyOnlyAsTheyWereMade() throws {
  let transit = try MountedTransit()
  for type in ["ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048"] {
    try transit.key(type, ["type": .string(type)])
    for marshaling: JSONValue in ["asn1", "jws"] {
      let input: JSONObject = ["input": "aW5wdXQ=", "marshaling_algorithm": marshaling]
      let signature = try transit.write("sign/" + type, input).text("signature")
      var check = input
      check["signature"] = .string(signature)
      #expect(try transit.write("verify/" + type, check)["valid"] == true)
      check["input"] = "b3RoZXI="
      #expect(try transit.write("verify/" + type, check)["valid"] == false)
      try transit.write("keys/\(type)/rotate")
      check["input"] = "aW5wdXQ="
      #expect(try transit.write("verify/" + type, check)["valid"] == true)
      check["signature"] = .string(signature.replacing("vault:v", with: "vault:v9"))
      #expect(try transit.write("verify/" + type, check).error == "invalid signature: version is too new")
    }
    let code = try transit.write("hmac/" + type, ["input": "aW5wdXQ="]).text("hmac")
    #expect(try transit.write("verify/" + type, ["input": "aW5wdXQ=", "hmac": .string(code)])["valid"] == true)
    #expect(try transit.write("hmac/\(type)/none", ["input": "aW5wdXQ="]).status == 400)
  }
}
