internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI

extension VersionedSecrets {
  // MARK: The mount's configuration

  func readConfiguration() throws -> Reply {
    let mount = try Self.configuration(storage.get(Self.configurationKey)?.bytes)
    return .data([
      "cas_required": .bool(mount.casRequired),
      "delete_version_after": .string(mount.deleteVersionAfter.goDescription),
      "max_versions": .int(mount.maxVersions),
    ])
  }

  func writeConfiguration(_ call: Call) throws -> Reply {
    let limit = try Self.checked(maxVersions: call[Fields.maxVersions])
    let casRequired = try call[Fields.casRequired]
    let span = Self.isPresent(call, Fields.mountDeleteVersionAfter) ? try call[Fields.mountDeleteVersionAfter] : nil
    if limit == nil && casRequired == nil && span == nil { return .none }
    try storage.transaction { transaction in
      var mount = try configuration(&transaction)
      if let limit { mount.maxVersions = limit }
      if let casRequired { mount.casRequired = casRequired }
      if let span { mount.deleteVersionAfter = span < .zero ? .seconds(-1) : .seconds(span.seconds) }
      transaction.put(Self.configurationKey, mount.encoded)
    }
    return .none
  }

  // MARK: A key's metadata

  func readMetadata(_ call: Call) throws -> Reply {
    let key = try Self.trimmedKey(call)
    guard !key.isEmpty, let stored = try storage.get(Self.metadataKey(key)) else { return .none }
    let metadata = try Self.metadata(stored.bytes)
    var writer = JSONWriter(reserving: 512 + metadata.versions.count * 256)
    writer.beginObject()
    writer.name("cas_required")
    writer.bool(metadata.casRequired)
    writer.name("created_time")
    writer.string(metadata.created.rfc3339)
    writer.name("current_version")
    writer.int(metadata.current)
    writer.name("custom_metadata")
    writer.raw(metadata.customMetadata)
    writer.name("delete_version_after")
    writer.string(metadata.deleteVersionAfter.goDescription)
    writer.name("last_updated_by")
    Self.describe(metadata.lastUpdatedBy, to: &writer)
    writer.name("max_versions")
    writer.int(metadata.maxVersions)
    writer.name("oldest_version")
    writer.int(metadata.oldest)
    writer.name("updated_time")
    writer.string(metadata.updated.rfc3339)
    writer.name("versions")
    writer.beginObject()
    for (number, version) in zip(metadata.numbers, metadata.versions) {
      writer.name(String(number))
      writer.beginObject()
      writer.name("created_by")
      Self.describe(version.createdBy, to: &writer)
      writer.name("created_time")
      writer.string(version.created.rfc3339)
      writer.name("deleted_by")
      Self.describe(version.deletedBy, to: &writer)
      writer.name("deletion_time")
      writer.string(version.deletion?.rfc3339 ?? "")
      writer.name("destroyed")
      writer.bool(version.destroyed)
      writer.endObject()
    }
    writer.endObject()
    writer.endObject()
    return .data(JSONText(trusted: writer.bytes))
  }

  func writeMetadata(_ call: Call) throws -> Reply {
    let settings = try Settings(call)
    let custom = try Self.field(call, Fields.customMetadata).map { CustomMetadata.json(try CustomMetadata.texts($0)) }
    if !settings.isAnyNamed && custom == nil { return .none }
    let key = try Self.trimmedKey(call)
    if key.isEmpty { throw EngineError.invalid("missing path") }
    return try storage.transaction { transaction in
      var metadata = try metadata(key, &transaction) ?? KeyMetadata(created: call.now)
      settings.apply(to: &metadata)
      if let custom { metadata.customMetadata = custom }
      transaction.put(Self.metadataKey(key), metadata.encoded)
      return try reply(to: settings, &transaction)
    }
  }

  func patchMetadata(_ call: Call) throws -> Reply {
    let settings = try Settings(call)
    let patch = try call[Fields.customMetadata]
    let removesAll = call.fields[Fields.customMetadata.name]?.isNull ?? false
    let key = try Self.trimmedKey(call)
    return try storage.transaction { transaction in
      guard var metadata = try metadata(key, &transaction) else { return Reply(.none, status: 404) }
      settings.apply(to: &metadata)
      if removesAll {
        metadata.customMetadata = CustomMetadata.json([])
      } else if let patch {
        metadata.customMetadata = try CustomMetadata.patched(metadata.customMetadata, with: patch)
      }
      transaction.put(Self.metadataKey(key), metadata.encoded)
      return try reply(to: settings, &transaction)
    }
  }

  func deleteMetadata(_ call: Call) throws -> Reply {
    let key = try Self.trimmedKey(call)
    if key.isEmpty { return .none }
    try storage.transaction { transaction in
      guard let metadata = try metadata(key, &transaction) else { return }
      for number in metadata.numbers { transaction.delete(Self.versionKey(key, number)) }
      transaction.delete(Self.metadataKey(key))
    }
    return .none
  }

  func listKeys(_ call: Call) throws -> Reply {
    let folder = Self.metadataKey(ListFields.folder(try Self.key(call)))
    let excludesDeleted = try call[Fields.excludeDeleted] ?? false
    let page = try ListFields.page(call)
    let names = try storage.list(folder, after: page.after, limit: page.limit)
    if !excludesDeleted { return .keys(names) }
    return .keys(
      try names.filter { name in
        if name.utf8.last == UInt8(ascii: "/") { return true }
        guard let stored = try storage.get(folder + name) else { return false }
        do { return try KeyMetadata.glance(stored.bytes, version: 0)?.state.deletion == nil } catch {
          throw KVError.damaged
        }
      })
  }

  // MARK: Parts

  /// The settings of a key that a request names.
  private struct Settings {
    let maxVersions: Int64?
    let casRequired: Bool?
    let deleteVersionAfter: TimeSpan?
    let isAnyNamed: Bool

    init(_ call: Call) throws {
      maxVersions = try checked(maxVersions: field(call, Fields.maxVersions))
      casRequired = try field(call, Fields.casRequired)
      deleteVersionAfter =
        isPresent(call, Fields.deleteVersionAfter) ? try field(call, Fields.deleteVersionAfter) : nil
      isAnyNamed =
        call.has(Fields.maxVersions) || call.has(Fields.casRequired) || call.has(Fields.deleteVersionAfter)
    }

    func apply(to metadata: inout KeyMetadata) {
      if let maxVersions { metadata.maxVersions = maxVersions }
      if let casRequired { metadata.casRequired = casRequired }
      if let deleteVersionAfter { metadata.deleteVersionAfter = .seconds(deleteVersionAfter.seconds) }
    }
  }

  private func reply(to settings: Settings, _ transaction: inout Transaction) throws -> Reply {
    guard settings.casRequired == false, try configuration(&transaction).casRequired else { return .none }
    return .warning("\"cas_required\" set to false, but is mandated by backend config. This value will be ignored.")
  }

  private static func checked(maxVersions limit: Int64?) throws -> Int64? {
    if let limit, limit < 0 || limit > Int64(UInt32.max) {
      throw EngineError.invalid("max_versions must be a number from 0 to \(UInt32.max)")
    }
    return limit
  }

  /// False where the field is null, too: that means the same for lengths of time, while numbers and booleans become
  /// zero by it.
  private static func isPresent<Value>(_ call: Call, _ field: Field<Value>) -> Bool {
    !(call.fields[field.name]?.isNull ?? true)
  }

  private static func describe(_ author: Attribution?, to writer: inout JSONWriter) {
    guard let author else {
      writer.null()
      return
    }
    writer.beginObject()
    writer.name("actor")
    writer.string(author.actor)
    if !author.clientID.isEmpty {
      writer.name("client_id")
      writer.string(author.clientID)
    }
    if !author.entityID.isEmpty {
      writer.name("entity_id")
      writer.string(author.entityID)
    }
    writer.name("operation")
    writer.string(author.operation)
    writer.endObject()
  }
}
