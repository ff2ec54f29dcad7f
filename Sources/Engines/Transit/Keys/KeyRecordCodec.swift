internal import Primitives
internal import SecretMemory
internal import StorageAPI

/// How a key is stored: big-endian numbers, texts with their length before them.
enum KeyRecordCodec {
  private static let format: UInt8 = 1

  private struct Flags: OptionSet {
    let rawValue: UInt16
    static let derived = Flags(rawValue: 1 << 0)
    static let convergent = Flags(rawValue: 1 << 1)
    static let exportable = Flags(rawValue: 1 << 2)
    static let plaintextBackup = Flags(rawValue: 1 << 3)
    static let deletion = Flags(rawValue: 1 << 4)
    static let imported = Flags(rawValue: 1 << 5)
    static let importedRotation = Flags(rawValue: 1 << 6)
    static let backedUp = Flags(rawValue: 1 << 7)
    static let restored = Flags(rawValue: 1 << 8)
  }

  static func encode(_ record: KeyRecord) -> [UInt8] {
    var flags: Flags = []
    if record.isDerived { flags.insert(.derived) }
    if record.isConvergent { flags.insert(.convergent) }
    if record.isExportable { flags.insert(.exportable) }
    if record.allowsPlaintextBackup { flags.insert(.plaintextBackup) }
    if record.allowsDeletion { flags.insert(.deletion) }
    if record.isImported { flags.insert(.imported) }
    if record.allowsRotationWhenImported { flags.insert(.importedRotation) }
    if record.backup != nil { flags.insert(.backedUp) }
    if record.restoration != nil { flags.insert(.restored) }
    var writer = Writer()
    writer.byte(format)
    writer.text(Array(record.type.rawValue.utf8))
    writer.int64(Int64(flags.rawValue))
    writer.byte(record.derivation.rawValue)
    for number in [
      record.convergence, Int64(record.keySize), record.rotationPeriod.nanoseconds, record.latest,
      record.minDecryption, record.minEncryption, record.minAvailable,
    ] { writer.int64(number) }
    for trace in [record.backup, record.restoration] {
      guard let trace else { continue }
      writer.int64(trace.time.nanoseconds)
      writer.int64(trace.version)
    }
    writer.int64(Int64(record.versions.count))
    for (number, version) in record.versions.sorted(by: { $0.key < $1.key }) {
      writer.int64(number)
      writer.version(version)
    }
    return writer.bytes
  }

  static func decode(_ bytes: [UInt8]) throws(StoreError) -> KeyRecord {
    do throws(Reader.Damaged) { return try read(bytes) } catch {
      throw .damaged("a transit key cannot be read: restore it from a snapshot")
    }
  }

  private static func read(_ bytes: [UInt8]) throws(Reader.Damaged) -> KeyRecord {
    var reader = Reader(bytes)
    guard try reader.byte() == format, let type = KeyType(rawValue: String(decoding: try reader.text(), as: UTF8.self))
    else { throw Reader.Damaged() }
    var record = KeyRecord(type: type)
    let flags = Flags(rawValue: UInt16(truncatingIfNeeded: try reader.int64()))
    record.isDerived = flags.contains(.derived)
    record.isConvergent = flags.contains(.convergent)
    record.isExportable = flags.contains(.exportable)
    record.allowsPlaintextBackup = flags.contains(.plaintextBackup)
    record.allowsDeletion = flags.contains(.deletion)
    record.isImported = flags.contains(.imported)
    record.allowsRotationWhenImported = flags.contains(.importedRotation)
    guard let derivation = KeyRecord.Derivation(rawValue: try reader.byte()) else { throw Reader.Damaged() }
    record.derivation = derivation
    record.convergence = try reader.int64()
    record.keySize = Int(clamping: try reader.int64())
    record.rotationPeriod = TimeSpan(nanoseconds: try reader.int64())
    record.latest = try reader.int64()
    record.minDecryption = try reader.int64()
    record.minEncryption = try reader.int64()
    record.minAvailable = try reader.int64()
    if flags.contains(.backedUp) { record.backup = try reader.trace() }
    if flags.contains(.restored) { record.restoration = try reader.trace() }
    let count = try reader.int64()
    var left = count
    while left > 0 {
      let number = try reader.int64()
      record.versions[number] = try reader.version()
      left -= 1
    }
    guard count >= 0, reader.isAtEnd else { throw Reader.Damaged() }
    return record
  }

  private struct Writer {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { bytes.append(value) }
    mutating func int64(_ value: Int64) { withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) } }
    mutating func text(_ value: [UInt8]) {
      int64(Int64(value.count))
      bytes.append(contentsOf: value)
    }
    mutating func secret(_ value: SecretBytes) {
      int64(Int64(value.count))
      value.withBytes { bytes.append(contentsOf: $0) }
    }
    mutating func optional(_ value: SecretBytes?) {
      byte(value == nil ? 0 : 1)
      if let value { secret(value) }
    }

    mutating func version(_ version: KeyVersion) {
      int64(version.created.nanoseconds)
      int64(version.convergence)
      secret(version.hmacKey)
      switch version.material {
      case .secret(let secret):
        byte(0)
        self.secret(secret)
      case .ed25519(let seed, let publicKey):
        byte(1)
        optional(seed)
        text(publicKey)
      case .pair(let pkcs8, let info):
        byte(2)
        optional(pkcs8)
        text(info)
      }
      int64(Int64(version.certificates.count))
      for certificate in version.certificates { text(certificate) }
    }
  }

  private struct Reader {
    struct Damaged: Error {}

    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }

    mutating func byte() throws(Damaged) -> UInt8 {
      guard at < bytes.count else { throw Damaged() }
      at += 1
      return bytes[at - 1]
    }

    mutating func int64() throws(Damaged) -> Int64 {
      guard bytes.count - at >= 8 else { throw Damaged() }
      let value = bytes[at..<at + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      at += 8
      return Int64(bitPattern: value)
    }

    private mutating func slice() throws(Damaged) -> ArraySlice<UInt8> {
      let count = try int64()
      guard count >= 0, count <= bytes.count - at else { throw Damaged() }
      at += Int(count)
      return bytes[at - Int(count)..<at]
    }

    mutating func text() throws(Damaged) -> [UInt8] { Array(try slice()) }
    mutating func secret() throws(Damaged) -> SecretBytes { SecretBytes(copying: try slice()) }
    mutating func optional() throws(Damaged) -> SecretBytes? { try byte() == 0 ? nil : try secret() }

    mutating func trace() throws(Damaged) -> KeyRecord.Trace {
      let time = Timestamp(nanoseconds: try int64())
      return KeyRecord.Trace(time: time, version: try int64())
    }

    mutating func version() throws(Damaged) -> KeyVersion {
      let created = Timestamp(nanoseconds: try int64())
      let convergence = try int64()
      let hmacKey = try secret()
      let material: KeyMaterial
      switch try byte() {
      case 0: material = .secret(try secret())
      case 1:
        let seed = try optional()
        material = .ed25519(seed: seed, publicKey: try text())
      case 2:
        let pkcs8 = try optional()
        material = .pair(pkcs8: pkcs8, subjectPublicKeyInfo: try text())
      default: throw Damaged()
      }
      var version = KeyVersion(created: created, hmacKey: hmacKey, material: material, convergence: convergence)
      var left = try int64()
      while left > 0 {
        version.certificates.append(try text())
        left -= 1
      }
      return version
    }
  }
}
