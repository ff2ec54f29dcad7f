import JSONText
internal import Primitives
import SecretMemory

/// One enabled audit device as `sys/audit` shows it.
package struct AuditTableEntry: Sendable, Equatable {
  /// Ends in "/".
  package let path: String
  package let type: String
  package let description: String
  package let local: Bool
  package let options: [String: String]
  /// By a stanza of the server's configuration.
  package let isDeclared: Bool

  package init(
    path: String, type: String, description: String, local: Bool, options: [String: String], isDeclared: Bool = false
  ) {
    self.path = path
    self.type = type
    self.description = description
    self.local = local
    self.options = options
    self.isDeclared = isDeclared
  }

  var storageKey: String { StoragePaths.auditDevices + Hex.encode(path.utf8) }
}

/// An audit device as it is stored.
struct AuditRecord {
  let entry: AuditTableEntry
  let salt: SecretBytes
  /// Where the device's memory lies below `StoragePaths.auditMemory`; empty for none. Another one each time a device
  /// is enabled, so that it never takes the memory of one before for its own.
  let memoryID: String

  init(entry: AuditTableEntry, salt: SecretBytes, memoryID: String) {
    self.entry = entry
    self.salt = salt
    self.memoryID = memoryID
  }

  init?(_ bytes: [UInt8]) {
    guard let record = try? JSONParser.parse(bytes).objectValue, let path = record["path"]?.stringValue,
      let type = record["type"]?.stringValue, let salt = record["salt"]?.stringValue.flatMap(Hex.decode)
    else { return nil }
    let options = Dictionary(
      (record["options"]?.objectValue ?? [:]).members.map { ($0.name, $0.value.stringValue ?? "") },
      uniquingKeysWith: { _, last in last })
    entry = AuditTableEntry(
      path: path, type: type, description: record["description"]?.stringValue ?? "",
      local: record["local"]?.boolValue ?? false, options: options,
      isDeclared: record["declared"]?.boolValue ?? false)
    self.salt = SecretBytes(copying: salt)
    memoryID = record["memory"]?.stringValue ?? ""
  }

  var json: JSONText {
    let record: JSONObject = [
      "path": .string(entry.path), "type": .string(entry.type), "description": .string(entry.description),
      "local": .bool(entry.local), "options": .object(MountEntry.texts(entry.options)),
      "salt": .string(salt.withBytes { Hex.encode($0) }), "declared": .bool(entry.isDeclared),
      "memory": .string(memoryID),
    ]
    return JSONText(record)
  }
}
