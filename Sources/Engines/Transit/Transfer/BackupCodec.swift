internal import Cryptography
internal import JSONText
internal import Primitives
internal import SecretMemory

/// The form of backups, which servers of this kind have in common: base64 of a JSON object with the key's rules and
/// versions in `policy` and every version once more in `archived_keys`. Numbers of ECDSA and RSA keys are decimal.
enum BackupCodec {
  struct Malformed: Error { let reason: String }

  // MARK: Writing

  static func encode(_ name: String, _ record: KeyRecord) throws -> String {
    var policy: JSONObject = ["name": .string(name)]
    if record.keySize > 0 { policy["key_size"] = .int(record.keySize) }
    var entries: [Int64: JSONValue] = [:]
    for (number, version) in record.versions { entries[number] = .object(try entry(version, record.type)) }
    let usable = record.usable.map(\.number)
    policy["keys"] = .object(
      JSONObject(members: usable.map { JSONObject.Member(name: String($0), value: entries[$0] ?? .null) }))
    let fixed: [(String, JSONValue)] = [
      ("derived", .bool(record.isDerived)), ("kdf", .int(record.isDerived ? record.derivation.rawValue : 0)),
      ("convergent_encryption", .bool(record.isConvergent)), ("exportable", .bool(record.isExportable)),
      ("min_decryption_version", .int(record.minDecryption)), ("min_encryption_version", .int(record.minEncryption)),
      ("latest_version", .int(record.latest)), ("archive_version", .int(record.latest)),
      ("archive_min_version", .int(record.minAvailable)), ("min_available_version", .int(record.minAvailable)),
      ("deletion_allowed", .bool(record.allowsDeletion)), ("convergent_version", .int(record.convergence)),
      ("type", .int(record.type.number)), ("backup_info", trace(record.backup)),
      ("restore_info", trace(record.restoration)), ("allow_plaintext_backup", .bool(record.allowsPlaintextBackup)),
      ("version_template", ""), ("storage_prefix", ""), ("auto_rotate_period", .int(record.rotationPeriod.nanoseconds)),
      ("Imported", .bool(record.isImported)), ("AllowImportedKeyRotation", .bool(record.allowsRotationWhenImported)),
      ("ParameterSet", .string(record.type.parameterSet ?? "")), ("HybridConfig", ["PQCKeyType": 0, "ECKeyType": 0]),
    ]
    policy = JSONObject(members: policy.members + fixed.map { JSONObject.Member(name: $0.0, value: $0.1) })
    // The archive counts from its lowest version, or from a version 0 that never was.
    let lowest = record.minAvailable
    let archive = (lowest...max(lowest, record.latest)).map { entries[$0] ?? blank }
    let whole: JSONValue = ["policy": .object(policy), "archived_keys": ["keys": .array(archive)]]
    return Base64.encode(JSONText(whole).bytes)
  }

  private static let blank: JSONValue = [
    "key": nil, "hmac_key": nil, "time": "0001-01-01T00:00:00Z", "creation_time": 0,
  ]

  private static func trace(_ trace: KeyRecord.Trace?) -> JSONValue {
    trace.map { ["time": .string($0.time.rfc3339), "version": .int($0.version)] } ?? .null
  }

  private static func text(_ secret: SecretBytes) -> JSONValue { .string(secret.withBytes { Base64.encode($0) }) }

  private static func entry(_ version: KeyVersion, _ type: KeyType) throws -> JSONObject {
    var entry: JSONObject = ["key": .null, "hmac_key": text(version.hmacKey)]
    entry["time"] = .string(version.created.rfc3339)
    switch version.material {
    case .secret(let key):
      entry["key"] = text(key)
      if type == .hmac { entry["hmac_key"] = text(key) }
    case .ed25519(let seed, let publicKey):
      if let seed { entry["key"] = text(KeyMaterial.ed25519Whole(seed: seed, publicKey: publicKey)) }
      entry["public_key"] = .string(Base64.encode(publicKey))
    case .pair:
      guard let pair = try version.material.asymmetricKey() else { break }
      switch pair.kind {
      case .rsa: try add(pair.rsaNumbers(), to: &entry)
      case .mlDSA, .mlKEM:
        if pair.hasPrivatePart { entry["key"] = text(try pair.pkcs8()) }
        entry["public_key"] = version.material.publicText.map { .string($0) }
      case .ecdsa, .ed25519:
        let numbers = try pair.ecdsaNumbers()
        entry["ec_x"] = number(numbers.x)
        entry["ec_y"] = number(numbers.y)
        if let secret = numbers.secret { entry["ec_d"] = number(secret) }
        entry["public_key"] = version.material.publicText.map { .string($0) }
      }
    }
    if version.convergence > 0 { entry["convergent_version"] = .int(version.convergence) }
    entry["creation_time"] = .int(version.created.seconds)
    if !version.certificates.isEmpty {
      entry["certificate_chain"] = .strings(version.certificates.map { Base64.encode($0) })
    }
    return entry
  }

  private static func number(_ decimal: String) -> JSONValue { .number(JSONNumber(text: decimal)) }

  private static func add(_ numbers: AsymmetricKey.RSANumbers, to entry: inout JSONObject) {
    if let secret = numbers.secret, secret.remainders.count == 3 {
      entry["rsa_key"] = [
        "N": number(numbers.modulus), "E": number(numbers.exponent), "D": number(secret.exponent),
        "Primes": .array(secret.primes.map(number)),
        "Precomputed": [
          "Dp": number(secret.remainders[0]), "Dq": number(secret.remainders[1]), "Qinv": number(secret.remainders[2]),
          "CRTValues": [],
        ],
      ]
    }
    entry["rsa_public_key"] = ["N": number(numbers.modulus), "E": number(numbers.exponent)]
  }

  // MARK: Reading

  /// More do not fit into a record of the store, whatever their kind.
  private static let mostVersions: Int64 = 1 << 20

  /// The key's own name and the key.
  static func decode(_ bytes: [UInt8]) throws -> (name: String, record: KeyRecord) {
    let whole: JSONValue
    do { whole = try JSONParser.parse(bytes, limits: .unlimited) } catch {
      throw Malformed(reason: "backup is not valid: \(error)")
    }
    guard let policy = whole["policy"]?.objectValue, let number = policy["type"]?.int64Value else {
      throw Malformed(reason: "backup data does not contain a valid policy")
    }
    guard let type = KeyType(number: number, parameterSet: policy["ParameterSet"]?.stringValue ?? "") else {
      throw Malformed(reason: "backup holds a key of a type that is not supported")
    }
    var record = KeyRecord(type: type)
    func flag(_ name: String) -> Bool { policy[name]?.boolValue ?? false }
    func int(_ name: String) -> Int64 { policy[name]?.int64Value ?? 0 }
    record.isDerived = flag("derived")
    record.isConvergent = flag("convergent_encryption")
    record.derivation = int("kdf") == 0 && record.isDerived ? .counterMode : .hkdf
    record.convergence = int("convergent_version")
    record.isExportable = flag("exportable")
    record.allowsPlaintextBackup = flag("allow_plaintext_backup")
    record.allowsDeletion = flag("deletion_allowed")
    record.isImported = flag("Imported")
    record.allowsRotationWhenImported = flag("AllowImportedKeyRotation")
    record.rotationPeriod = TimeSpan(nanoseconds: max(0, int("auto_rotate_period")))
    record.latest = int("latest_version")
    record.minDecryption = max(1, int("min_decryption_version"))
    record.minEncryption = int("min_encryption_version")
    record.minAvailable = int("min_available_version")
    record.backup = readTrace(policy["backup_info"])
    try readVersions(whole, policy, &record)
    // Every version that was not trimmed away is in the archive.
    let lowest = max(1, record.minAvailable)
    let isWhole = (lowest...mostVersions).contains(record.latest) && record.versions.count == record.latest - lowest + 1
    let isSound =
      isWhole && record.minDecryption <= record.latest
      && (0...record.latest).contains(record.minEncryption) && (0...record.minDecryption).contains(record.minAvailable)
      && (type.supportsDerivation || !record.isDerived) && (record.isDerived || !record.isConvergent)
      && (type.isCipher || !record.isConvergent)
    if !isSound { throw Malformed(reason: "backup data does not contain a valid policy") }
    if type == .hmac, case .secret(let key)? = record.versions[record.latest]?.material { record.keySize = key.count }
    return (policy["name"]?.stringValue ?? "", record)
  }

  private static func readVersions(_ whole: JSONValue, _ policy: JSONObject, _ record: inout KeyRecord) throws {
    let archive = whole["archived_keys"]?["keys"]?.arrayValue ?? []
    let first = policy["archive_min_version"]?.int64Value ?? 0
    for (index, entry) in archive.enumerated() {
      let (number, overflow) = first.addingReportingOverflow(Int64(index))
      guard !overflow, number >= 1, number >= record.minAvailable, number <= record.latest else { continue }
      record.versions[number] = try readEntry(entry, record)
    }
    for member in policy["keys"]?.objectValue?.members ?? [] {
      guard let number = Int64(member.name), (1...max(1, record.latest)).contains(number) else {
        throw Malformed(reason: "backup data does not contain a valid policy")
      }
      if number < record.minAvailable { continue }
      record.versions[number] = try readEntry(member.value, record)
    }
  }

  private static func readTrace(_ value: JSONValue?) -> KeyRecord.Trace? {
    guard let text = value?["time"]?.stringValue, let time = Timestamp(rfc3339: text) else { return nil }
    return KeyRecord.Trace(time: time, version: value?["version"]?.int64Value ?? 0)
  }

  private static func bytes(_ value: JSONValue?) -> [UInt8]? {
    guard let text = value?.stringValue, !text.isEmpty else { return nil }
    return try? Base64.decode(text)
  }

  private static let broken = Malformed(reason: "backup holds a key version that cannot be read")

  private static func readEntry(_ entry: JSONValue, _ record: KeyRecord) throws -> KeyVersion {
    var created = Timestamp(seconds: entry["creation_time"]?.int64Value ?? 0)
    if let text = entry["time"]?.stringValue, let time = Timestamp(rfc3339: text) { created = time }
    let key = bytes(entry["key"])
    let hmacKey = bytes(entry["hmac_key"])
    let material: KeyMaterial
    switch record.type.family {
    case .cipher(_, let count), .cmac(let count):
      guard let key, key.count == count else { throw broken }
      material = .secret(SecretBytes(copying: key))
    case .hmac:
      guard let key = key ?? hmacKey, !key.isEmpty else { throw broken }
      material = .secret(SecretBytes(copying: key))
    case .pair(.ed25519): material = try readEd25519(entry, key)
    case .pair(.ecdsa(let curve)):
      guard let x = entry["ec_x"]?.numberValue?.text, let y = entry["ec_y"]?.numberValue?.text else { throw broken }
      let numbers = AsymmetricKey.ECDSANumbers(x: x, y: y, secret: entry["ec_d"]?.numberValue?.text)
      material = try read { () throws(CryptographyError) in try AsymmetricKey(curve, ecdsa: numbers) }
    case .pair(.rsa): material = try readRSA(entry)
    case .pair(.mlDSA), .pair(.mlKEM): material = try readStandardForm(entry, key, record.type)
    }
    var version = KeyVersion(
      created: created, hmacKey: SecretBytes(copying: hmacKey ?? []), material: material,
      convergence: entry["convergent_version"]?.int64Value ?? 0)
    for certificate in entry["certificate_chain"]?.arrayValue ?? [] {
      guard let der = bytes(certificate) else { throw broken }
      version.certificates.append(der)
    }
    return version
  }

  private static func read(_ make: () throws(CryptographyError) -> AsymmetricKey) throws -> KeyMaterial {
    guard let material = try? KeyMaterial(make()) else { throw broken }
    return material
  }

  private static func readEd25519(_ entry: JSONValue, _ key: [UInt8]?) throws -> KeyMaterial {
    guard let key else {
      guard let publicKey = bytes(entry["public_key"]), publicKey.count == 32 else { throw broken }
      return .ed25519(seed: nil, publicKey: publicKey)
    }
    guard key.count == 64 else { throw broken }
    return try read { () throws(CryptographyError) in
      try AsymmetricKey(ed25519Seed: SecretBytes(copying: key[..<32]))
    }
  }

  private static func readStandardForm(_ entry: JSONValue, _ key: [UInt8]?, _ type: KeyType) throws -> KeyMaterial {
    let material = try read { () throws(CryptographyError) in
      if let key { return try AsymmetricKey(pkcs8: SecretBytes(copying: key)) }
      guard let block = PEM.first(in: entry["public_key"]?.stringValue ?? "") else { throw .malformedKey }
      return try AsymmetricKey(subjectPublicKeyInfo: block.bytes)
    }
    guard let kind = try? material.asymmetricKey()?.kind, type.family == .pair(kind) else { throw broken }
    return material
  }

  private static func readRSA(_ entry: JSONValue) throws -> KeyMaterial {
    let whole = entry["rsa_key"].flatMap { $0.isNull ? nil : $0 }
    let part = whole ?? entry["rsa_public_key"]
    guard let modulus = part?["N"]?.numberValue?.text, let exponent = part?["E"]?.numberValue?.text else {
      throw broken
    }
    var numbers = AsymmetricKey.RSANumbers(modulus: modulus, exponent: exponent, secret: nil)
    if let whole {
      guard let secret = whole["D"]?.numberValue?.text else { throw broken }
      let primes = whole["Primes"]?.arrayValue ?? []
      numbers.secret = .init(exponent: secret, primes: primes.compactMap { $0.numberValue?.text })
    }
    return try read { () throws(CryptographyError) in try AsymmetricKey(rsa: numbers) }
  }
}
