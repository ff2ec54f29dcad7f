internal import EngineAPI
internal import JSONText
internal import Primitives

extension TransitMount {
  func backUp(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    let changed = try change(name) { record in
      if !record.isExportable { throw EngineError.invalid("exporting is disallowed on the policy") }
      if !record.allowsPlaintextBackup { throw EngineError.invalid("plaintext backup is disallowed on the policy") }
      record.backup = KeyRecord.Trace(time: call.now, version: record.latest)
      return try BackupCodec.encode(name, record)
    }
    guard let changed else { throw EngineError.invalid("key \"\(name)\" not found") }
    return .data(["backup": .string(changed.result)])
  }

  func restore(_ call: Call) throws -> Reply {
    let wanted = call.capture("name")
    let text = try call[TransferFields.backup] ?? ""
    let force = try call[TransferFields.force] ?? false
    if text.isEmpty { throw EngineError.invalid("'backup' must be supplied") }
    let bytes = try single { () throws(Refusal) in try Encoded.decode(text) }
    var (name, record): (String, KeyRecord)
    do { (name, record) = try BackupCodec.decode(bytes) } catch let error as BackupCodec.Malformed {
      throw EngineError.invalid(error.reason)
    }
    if !wanted.isEmpty { name = wanted }
    if name.utf8.contains(UInt8(ascii: "/")) { throw EngineError.invalid("key names cannot be paths") }
    // Under another name than paths can have, nobody would find it again.
    guard ("{name}" as PathPattern).match(name) != nil else { throw EngineError.invalid("invalid key name") }
    record.restoration = KeyRecord.Trace(time: call.now, version: record.latest)
    let encoded = KeyRecordCodec.encode(record)
    try storage.transaction { transaction in
      if try transaction.get(Self.folder + name) != nil, !force {
        throw EngineError.invalid("key \"\(name)\" already exists")
      }
      transaction.put(Self.folder + name, encoded)
    }
    return .none
  }
}
