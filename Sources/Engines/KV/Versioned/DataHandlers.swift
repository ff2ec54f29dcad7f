internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI

/// One version as reads found it.
private struct FoundVersion {
  let glance: KeyMetadata.Glance
  /// Nil where the version is deleted or destroyed.
  let json: ArraySlice<UInt8>?
}

extension VersionedSecrets {
  func readData(_ call: Call) throws -> Reply {
    let key = try Self.key(call)
    if key.utf8.last == UInt8(ascii: "/") { return Self.wrongPath(call) }
    guard let found = try find(key, version: try call[Fields.version] ?? 0, now: call.now) else { return .none }
    var writer = JSONWriter(reserving: (found.json?.count ?? 0) + found.glance.customMetadata.count + 256)
    writer.beginObject()
    writer.name("data")
    if let json = found.json { writer.raw(json) } else { writer.null() }
    writer.name("metadata")
    Self.describe(found.glance, to: &writer)
    writer.endObject()
    return Reply(.data(JSONText(trusted: writer.bytes)), status: found.json == nil ? 404 : nil)
  }

  func readSubkeys(_ call: Call) throws -> Reply {
    let key = try Self.trimmedKey(call)
    let depth = try call[Fields.depth] ?? 0
    guard let found = try find(key, version: try call[Fields.version] ?? 0, now: call.now) else { return .none }
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("metadata")
    Self.describe(found.glance, to: &writer)
    writer.name("subkeys")
    if let json = found.json {
      writer.value(Subkeys.of(try JSONText(trusted: Array(json)).parsed(), depth: depth))
    } else {
      writer.null()
    }
    writer.endObject()
    return Reply(.data(JSONText(trusted: writer.bytes)), status: found.json == nil ? 404 : nil)
  }

  func writeData(_ call: Call) throws -> Reply {
    let key = try Self.key(call)
    let value = try Self.value(call)
    let cas = try Self.checkAndSet(call)
    let json = JSONText(sorting: value).bytes
    return try storage.transaction { transaction in
      let mount = try configuration(&transaction)
      let metadata = try metadata(key, &transaction) ?? KeyMetadata(created: call.now)
      try Self.check(cas, against: metadata, mount: mount)
      return addVersion(json, to: metadata, key: key, mount: mount, call, &transaction)
    }
  }

  func patchData(_ call: Call) throws -> Reply {
    let key = try Self.key(call)
    let patch = try Self.value(call)
    let cas = try Self.checkAndSet(call)
    return try storage.transaction { transaction in
      let mount = try configuration(&transaction)
      guard let metadata = try metadata(key, &transaction), let state = metadata[metadata.current] else {
        return Reply(.none, status: 404)
      }
      try Self.check(cas, against: metadata, mount: mount)
      guard state.isReadable(at: call.now) else {
        return Reply(.data(Self.description(of: metadata.current, state, metadata)), status: 404)
      }
      let stored = try transaction.get(Self.versionKey(key, metadata.current))
      guard let stored, let json = try? VersionRecord.json(stored, created: state.created) else {
        throw KVError.damaged
      }
      let target = try JSONText(trusted: Array(json)).parsed()
      let merged = JSONText(sorting: MergePatch.apply(patch, to: target)).bytes
      return addVersion(merged, to: metadata, key: key, mount: mount, call, &transaction)
    }
  }

  /// Deletes the current version.
  func deleteCurrent(_ call: Call) throws -> Reply {
    let key = try Self.key(call)
    if key.utf8.last == UInt8(ascii: "/") { return Self.wrongPath(call) }
    try storage.transaction { transaction in
      guard var metadata = try metadata(key, &transaction) else { return }
      if metadata.delete(metadata.current, at: call.now, by: Self.author(call)) {
        transaction.put(Self.metadataKey(key), metadata.encoded)
      }
    }
    return .none
  }

  // MARK: Parts

  /// Metadata first, then the value: two reads of storage, more only where a write came between them.
  private func find(_ key: String, version: Int64, now: Timestamp) throws -> FoundVersion? {
    for _ in 0..<16 {
      guard let stored = try storage.get(Self.metadataKey(key)) else { return nil }
      do {
        guard let glance = try KeyMetadata.glance(stored.bytes, version: version) else { return nil }
        guard glance.state.isReadable(at: now) else { return FoundVersion(glance: glance, json: nil) }
        if let value = try storage.get(Self.versionKey(key, glance.number)),
          let json = try VersionRecord.json(value.bytes, created: glance.state.created)
        {
          return FoundVersion(glance: glance, json: json)
        }
      } catch is RecordReader.Damaged { throw KVError.damaged }
    }
    throw KVError.damaged
  }

  private func addVersion(
    _ json: [UInt8], to metadata: KeyMetadata, key: String, mount: MountConfiguration, _ call: Call,
    _ transaction: inout Transaction
  ) -> Reply {
    var metadata = metadata
    let deletion = metadata.deletionTime(mount, now: call.now)
    let trimmed = metadata.addVersion(
      at: call.now, deletion: deletion, by: Self.author(call), keeping: metadata.limit(mount))
    for number in trimmed { transaction.delete(Self.versionKey(key, number)) }
    transaction.put(Self.versionKey(key, metadata.current), VersionRecord.encode(created: call.now, json: json))
    transaction.put(Self.metadataKey(key), metadata.encoded)
    let state = VersionState(created: call.now, deletion: deletion)
    return .data(Self.description(of: metadata.current, state, metadata))
  }

  private static func value(_ call: Call) throws -> JSONValue {
    guard let value = try field(call, Fields.data) else { throw EngineError.invalid("no data provided") }
    if value.holdsOversizedNumber { throw KVError.numberOutOfRange }
    return value
  }

  /// The number that `options.cas` names; nil where it is not there.
  private static func checkAndSet(_ call: Call) throws -> Int64? {
    guard let raw = try field(call, Fields.options)?["cas"] else { return nil }
    // A fraction is refused even where it is a whole number.
    do throws(FieldMismatch) { return try Coercion.int(raw) } catch {
      throw EngineError.invalid("error parsing check-and-set parameter")
    }
  }

  private static func check(_ cas: Int64?, against metadata: KeyMetadata, mount: MountConfiguration) throws {
    if let cas {
      if cas != metadata.current {
        throw EngineError.invalid("check-and-set parameter did not match the current version")
      }
    } else if mount.casRequired || metadata.casRequired {
      throw EngineError.invalid("check-and-set parameter required for this call")
    }
  }

  private static func description(of number: Int64, _ state: VersionState, _ metadata: KeyMetadata) -> JSONText {
    var writer = JSONWriter()
    let custom = metadata.customMetadata[...]
    describe(KeyMetadata.Glance(number: number, state: state, customMetadata: custom), to: &writer)
    return JSONText(trusted: writer.bytes)
  }

  private static func describe(_ glance: KeyMetadata.Glance, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("created_time")
    writer.string(glance.state.created.rfc3339)
    writer.name("custom_metadata")
    writer.raw(glance.customMetadata)
    writer.name("deletion_time")
    writer.string(glance.state.deletion?.rfc3339 ?? "")
    writer.name("destroyed")
    writer.bool(glance.state.destroyed)
    writer.name("version")
    writer.int(glance.number)
    writer.endObject()
  }
}
