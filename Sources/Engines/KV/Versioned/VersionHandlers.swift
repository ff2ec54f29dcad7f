internal import EngineAPI
internal import Primitives
internal import StorageAPI

extension VersionedSecrets {
  func deleteVersions(_ call: Call) throws -> Reply {
    let author = Self.author(call)
    return try change(call, missing: "No version number provided") { metadata, numbers, _, _ in
      numbers.reduce(false) { metadata.delete($1, at: call.now, by: author) || $0 }
    }
  }

  func undeleteVersions(_ call: Call) throws -> Reply {
    let author = Self.author(call, operation: "undelete")
    return try change(call, missing: "No version number provided") { metadata, numbers, transaction, _ in
      let deletion = metadata.deletionTime(try configuration(&transaction), now: call.now)
      return numbers.reduce(false) { metadata.undelete($1, deletion: deletion, by: author) || $0 }
    }
  }

  func destroyVersions(_ call: Call) throws -> Reply {
    try change(call, missing: "no version number provided") { metadata, numbers, transaction, key in
      var isChanged = false
      for number in numbers where metadata.destroy(number) {
        transaction.delete(Self.versionKey(key, number))
        isChanged = true
      }
      return isChanged
    }
  }

  /// Lets `body` change a key's metadata and stores it where that returns true.
  private func change(
    _ call: Call, missing: String,
    _ body: (inout KeyMetadata, _ numbers: [Int64], inout Transaction, _ key: String) throws -> Bool
  ) throws -> Reply {
    let key = try Self.key(call)
    let numbers = try call[Fields.versions] ?? []
    if numbers.isEmpty { throw EngineError.invalid(missing) }
    try storage.transaction { transaction in
      guard var metadata = try metadata(key, &transaction) else { return }
      if try body(&metadata, numbers, &transaction, key) {
        transaction.put(Self.metadataKey(key), metadata.encoded)
      }
    }
    return .none
  }
}
