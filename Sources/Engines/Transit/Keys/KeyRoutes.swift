internal import EngineAPI
internal import JSONText
internal import Primitives

extension TransitMount {
  private enum Own {
    static let keySize = Field.int("key_size", "How many bytes a key of type hmac has: 32 to 512.")
    static let managedName = Field.string("managed_key_name", "Of types that are not there.")
    static let managedID = Field.string("managed_key_id", "Of types that are not there.")
    static let hybridPQC = Field.string("hybrid_key_type_pqc", "Of types that are not there.")
    static let hybridEC = Field.string("hybrid_key_type_ec", "Of types that are not there.")
    static let minDecryption = Field.int("min_decryption_version", "The lowest version that decrypts and verifies.")
    static let minEncryption = Field.int(
      "min_encryption_version", "The lowest version that encrypts and signs; 0: any.")
    static let deletion = Field.bool("deletion_allowed", "Whether the key may be deleted.")
    static let minAvailable = Field.int(
      "min_available_version", "Versions below this one are removed for good.", required: true)
    static let after = Field.string("after", "Begin the list after this name.")
    static let limit = Field.int("limit", "List at most this many names; 0 is all of them.")
  }

  static let keyRoutes: [Route<TransitMount>] = [
    Route(
      "keys/", fields: [Own.after.description, Own.limit.description], summary: "The names of the keys",
      [.list: { mount, call in try mount.listKeys(call) }]),
    Route(
      "keys/{name}",
      fields: [
        Fields.name.description, Fields.type.description, Fields.derived.description, Fields.convergent.description,
        Fields.exportable.description, Fields.plaintextBackup.description, Fields.rotationPeriod.description,
        Fields.context.description, Own.keySize.description, Fields.parameterSet.description,
        Own.managedName.description, Own.managedID.description, Own.hybridPQC.description, Own.hybridEC.description,
      ],
      summary: "Make, read and delete a key",
      help: """
        A key that is there already stays as it is and is what the answer shows. Deleting needs deletion_allowed, \
        which keys/:name/config sets; what the key encrypted is lost then.
        """,
      [
        .read: { mount, call in try mount.readKey(call) },
        .update: { mount, call in try mount.makeKey(call) },
        .delete: { mount, call in try mount.deleteKey(call) },
      ]),
    Route(
      "keys/{name}/config",
      fields: [
        Fields.name.description, Own.minDecryption.description, Own.minEncryption.description,
        Own.deletion.description, Fields.exportable.description, Fields.plaintextBackup.description,
        Fields.rotationPeriod.description,
      ],
      summary: "Change the rules of a key", [.update: { mount, call in try mount.configureKey(call) }]),
    Route(
      "keys/{name}/rotate",
      fields: [
        Fields.name.description, Own.managedName.description, Own.managedID.description,
      ],
      summary: "Make a new version of a key", [.update: { mount, call in try mount.rotateKey(call) }]),
    Route(
      "keys/{name}/trim", fields: [Fields.name.description, Own.minAvailable.description],
      summary: "Remove old versions of a key for good", [.update: { mount, call in try mount.trimKey(call) }]),
  ]

  private func listKeys(_ call: Call) throws -> Reply {
    let after = try call[Own.after] ?? ""
    let limit = try call[Own.limit] ?? 0
    return .keys(
      try storage.list(
        Self.folder, after: after.isEmpty ? nil : after, limit: limit > 0 ? Int(clamping: limit) : .max))
  }

  private func readKey(_ call: Call) throws -> Reply {
    let context = try call.bytes(Fields.context)
    guard let key = try load(call.capture("name")) else { return .none }
    return .data(try key.answer(context: context))
  }

  private func makeKey(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    let typeName = try call[Fields.type] ?? KeyType.aes256.rawValue
    let derived = try call[Fields.derived] ?? false
    let convergent = try call[Fields.convergent] ?? false
    let period = try KeyRecord.checked(try call[Fields.rotationPeriod] ?? .zero)
    if convergent && !derived {
      throw EngineError.invalid("convergent encryption requires derivation to be enabled")
    }
    let type = try KeyType.named(
      typeName, parameterSet: try call[Fields.parameterSet] ?? "", extended: hasExtendedTypes)
    let size = try call[Own.keySize] ?? 0
    if type != .hmac && size != 0 {
      throw EngineError.invalid("key_size is not valid for algorithm \(typeName)")
    }
    if type == .hmac && size != 0 && !(32...512).contains(size) {
      throw EngineError.invalid("invalid key_size \(size)")
    }
    let context = try call.bytes(Fields.context)
    if let present = try load(name) { return .data(try present.answer(context: context)) }
    var record = try Self.newRecord(type, derived: derived, convergent: convergent, size: Int(size))
    record.isExportable = try call[Fields.exportable] ?? false
    record.allowsPlaintextBackup = try call[Fields.plaintextBackup] ?? false
    record.rotationPeriod = period
    record.append(try freshVersion(of: record, at: call.now))
    return .data(try create(name, record).key.answer(context: context))
  }

  /// A key without versions.
  static func newRecord(_ type: KeyType, derived: Bool, convergent: Bool, size: Int = 0) throws -> KeyRecord {
    if derived && !type.supportsDerivation {
      throw EngineError.invalid(
        "key derivation and convergent encryption not supported for keys of type \(type.name)")
    }
    if convergent && !type.isCipher {
      throw EngineError.invalid("convergent encryption not supported for keys of type \(type.name)")
    }
    if type == .hmac && size == 0 {
      throw EngineError.invalid("invalid key size for HMAC key, must be between 32 and 512 bytes")
    }
    var record = KeyRecord(type: type)
    record.isDerived = derived
    record.isConvergent = convergent
    record.convergence = convergent ? -1 : 0
    record.keySize = size
    return record
  }

  private func deleteKey(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    try storage.transaction { transaction in
      guard let bytes = try transaction.get(Self.folder + name) else {
        throw EngineError.invalid("error deleting policy \(name): could not delete key; not found")
      }
      if try !KeyRecordCodec.decode(bytes).allowsDeletion {
        throw EngineError.invalid("error deleting policy \(name): deletion is not allowed for this key")
      }
      transaction.delete(Self.folder + name)
    }
    cache.withLock { $0.remove(name) }
    return .none
  }

  private func configureKey(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    var settings = KeyRecord.Settings()
    settings.minDecryption = try call[Own.minDecryption]
    settings.minEncryption = try call[Own.minEncryption]
    settings.allowsDeletion = try call[Own.deletion]
    settings.isExportable = try call[Fields.exportable]
    settings.allowsPlaintextBackup = try call[Fields.plaintextBackup]
    settings.rotationPeriod = try call[Fields.rotationPeriod]
    let changed = try change(name) { try $0.configure(settings) }
    guard let changed else { throw EngineError.invalid("no existing key named \(name) could be found") }
    return .data(try changed.key.answer(context: []), warnings: changed.result)
  }

  private func rotateKey(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard let key = try load(name) else { throw EngineError.invalid("key not found") }
    if let refusal = key.record.refusalOfRotation(name) { throw refusal }
    let fresh = try freshVersion(of: key.record, at: call.now)
    let changed = try change(name) { record in
      if let refusal = record.refusalOfRotation(name) { throw refusal }
      // The name may have been given to another key while the version was made.
      if record.type != key.type { throw EngineError.invalid("key not found") }
      record.rotate(fresh)
    }
    guard let changed else { throw EngineError.invalid("key not found") }
    return .data(try changed.key.answer(context: []))
  }

  private func trimKey(_ call: Call) throws -> Reply {
    let minimum = try call[Own.minAvailable]
    let changed = try change(call.capture("name")) { record in
      guard let minimum else { throw EngineError.invalid("missing min_available_version") }
      try record.trim(below: minimum)
    }
    guard let changed else { throw EngineError.invalid("invalid key name") }
    return .data(try changed.key.answer(context: []))
  }
}
