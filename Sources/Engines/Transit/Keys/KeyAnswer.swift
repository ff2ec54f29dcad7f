internal import EngineAPI
internal import JSONText
internal import Primitives

extension LoadedKey {
  /// What clients learn of a key. A derived Ed25519 key has public keys for a context only.
  func answer(context: [UInt8]) throws -> JSONText {
    var data: JSONObject = [
      "name": .string(name), "type": .string(type.name), "derived": .bool(record.isDerived),
      "exportable": .bool(record.isExportable), "allow_plaintext_backup": .bool(record.allowsPlaintextBackup),
      "deletion_allowed": .bool(record.allowsDeletion), "latest_version": .int(record.latest),
      "min_available_version": .int(record.minAvailable), "min_decryption_version": .int(record.minDecryption),
      "min_encryption_version": .int(record.minEncryption),
      "auto_rotate_period": .int(record.rotationPeriod.seconds), "imported_key": .bool(record.isImported),
      "supports_encryption": .bool(type.supportsEncryption), "supports_decryption": .bool(type.supportsEncryption),
      "supports_signing": .bool(type.supportsSigning), "supports_derivation": .bool(type.supportsDerivation),
    ]
    if let set = type.parameterSet { data["parameter_set"] = .string(set) }
    if record.isImported { data["imported_key_allow_rotation"] = .bool(record.allowsRotationWhenImported) }
    if record.isDerived {
      data["kdf"] = record.derivation == .hkdf ? "hkdf_sha256" : "hmac-sha256-counter"
      data["convergent_encryption"] = .bool(record.isConvergent)
      if record.isConvergent { data["convergent_encryption_version"] = .int(record.convergence) }
    }
    if type == .hmac { data["key_size"] = .int(record.keySize) }
    if let trace = record.backup { data["backup_info"] = Self.trace(trace) }
    if let trace = record.restoration { data["restore_info"] = Self.trace(trace) }
    if type != .hmac {
      var keys: [JSONObject.Member] = []
      for (number, version) in record.usable {
        keys.append(JSONObject.Member(name: String(number), value: try shown(number, version, context: context)))
      }
      data["keys"] = .object(JSONObject(members: keys))
    }
    return JSONText(sorting: .object(data))
  }

  private static func trace(_ trace: KeyRecord.Trace) -> JSONValue {
    ["time": .string(trace.time.rfc3339), "version": .int(trace.version)]
  }

  private func shown(_ number: Int64, _ version: KeyVersion, context: [UInt8]) throws -> JSONValue {
    if !type.isPair { return .int(version.created.seconds) }
    var publicText = version.material.publicText ?? ""
    if record.isDerived {
      publicText = ""
      if !context.isEmpty {
        publicText = try single { () throws(Refusal) in
          let pair = try ed25519(number, context: context)
          guard let raw = try? pair.rawPublicKey() else { throw Refusal.unreadable }
          return Base64.encode(raw)
        }
      }
    }
    return [
      "name": .string(type.versionName), "public_key": .string(publicText),
      "creation_time": .string(version.created.rfc3339),
      "certificate_chain": .string(CertificateChain.text(version.certificates)),
    ]
  }
}
