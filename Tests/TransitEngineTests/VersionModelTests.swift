import JSONText
import Primitives
import Testing

@testable import TransitEngine

/// What a key's rules say, written as plainly as can be.
private struct Model {
  var latest: Int64 = 1
  var minDecryption: Int64 = 1
  var minEncryption: Int64 = 0
  var minAvailable: Int64 = 0

  func mayEncrypt(_ version: Int64) -> Bool {
    version == 0 || (version >= 1 && version <= latest && version >= minEncryption && version >= minDecryption)
  }
  func mayDecrypt(_ version: Int64) -> Bool { version >= minDecryption && version <= latest }

  mutating func configure(_ decryption: Int64?, _ encryption: Int64?) -> Bool {
    var next = self
    if let decryption { next.minDecryption = max(1, decryption) }
    if let encryption { next.minEncryption = encryption }
    let isSound =
      (decryption ?? 0) >= 0 && (encryption ?? 0) >= 0 && next.minDecryption <= latest && next.minEncryption <= latest
      && (next.minEncryption == 0 || next.minEncryption >= next.minDecryption) && next.minDecryption >= minAvailable
      && next.minEncryption >= minAvailable
    if isSound { self = next }
    return isSound
  }

  mutating func trim(_ version: Int64) -> Bool {
    guard version >= max(1, minAvailable), minEncryption > 0, version <= minEncryption, version <= minDecryption else {
      return false
    }
    minAvailable = version
    return true
  }
}

private let derived: JSONObject = ["derived": true]
private let convergent: JSONObject = ["derived": true, "convergent_encryption": true]

@Test(
  arguments: [
    ("aes256-gcm96", [:], 1), ("chacha20-poly1305", [:], 2), ("aes128-gcm96", [:], 3), ("aes256-gcm96", derived, 4),
    ("chacha20-poly1305", convergent, 5), ("aes128-gcm96", convergent, 6),
  ] as [(String, JSONObject, UInt64)])
func anySequenceOfChangesAgreesWithTheModel(type: String, options: JSONObject, seed: UInt64) throws {
  let context: JSONObject = options.members.isEmpty ? [:] : ["context": "dGVuYW50"]
  let transit = try MountedTransit(seed: seed)
  let random = RandomSource.seeded(seed &* 31)
  func version(_ model: Model) -> Int64 { Int64(random.below(UInt64(model.latest + 3))) - 1 }
  try transit.key("k", JSONObject(members: options.members + [.init(name: "type", value: .string(type))]))
  var model = Model()
  var sealed: [(text: String, version: Int64, ciphertext: String)] = []
  for round in 0..<1200 {
    switch random.below(12) {
    case 0 where model.latest < 12:
      #expect(try transit.write("keys/k/rotate").status == 200)
      model.latest += 1
    case 1, 2:
      let decryption = random.below(2) == 0 ? version(model) : nil
      let encryption = random.below(2) == 0 ? version(model) : nil
      var fields: JSONObject = [:]
      if let decryption { fields["min_decryption_version"] = .int(decryption) }
      if let encryption { fields["min_encryption_version"] = .int(encryption) }
      let accepted = model.configure(decryption, encryption)
      #expect(try (transit.write("keys/k/config", fields).status == 200) == accepted)
    case 3:
      let minimum = version(model)
      let accepted = model.trim(minimum)
      #expect(try (transit.write("keys/k/trim", ["min_available_version": .int(minimum)]).status == 200) == accepted)
    case 4...7:
      let wanted = version(model)
      var fields = context
      fields["plaintext"] = .string(Base64.encode(Array("\(round)".utf8)))
      fields["key_version"] = .int(wanted)
      let answer = try transit.write("encrypt/k", fields)
      #expect((answer.status == 200) == model.mayEncrypt(wanted))
      if answer.status == 200 {
        let used = wanted == 0 ? model.latest : wanted
        #expect(answer["key_version"] == .int(used) && answer.text("ciphertext").hasPrefix("vault:v\(used):"))
        sealed.append(("\(round)", used, answer.text("ciphertext")))
      }
    case 8:
      guard !sealed.isEmpty else { break }
      let at = Int(random.below(UInt64(sealed.count)))
      let wanted = version(model)
      var fields = context
      fields["ciphertext"] = .string(sealed[at].ciphertext)
      fields["key_version"] = .int(wanted)
      let answer = try transit.write("rewrap/k", fields)
      #expect((answer.status == 200) == (model.mayDecrypt(sealed[at].version) && model.mayEncrypt(wanted)))
      if answer.status == 200 {
        sealed[at].ciphertext = answer.text("ciphertext")
        sealed[at].version = wanted == 0 ? model.latest : wanted
      }
    default:
      guard !sealed.isEmpty else { break }
      let item = sealed[Int(random.below(UInt64(sealed.count)))]
      let text = try transit.decrypt("k", item.ciphertext, context)
      #expect(model.mayDecrypt(item.version) ? text == item.text : text.hasPrefix("error: "))
    }
    let record = try #require(try transit.mount.load("k")).record
    #expect(record.latest == model.latest && record.minDecryption == model.minDecryption)
    #expect(record.minEncryption == model.minEncryption && record.minAvailable == model.minAvailable)
    #expect(record.versions.keys.min() == max(1, model.minAvailable))
  }
}
