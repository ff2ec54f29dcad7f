internal import JSONText
internal import SecretMemory

/// A rotation that is under way. Written before the database learns of the password, and deleted in the commit that makes it the
/// role's: after a crash between the two the same password is set again, so that what is stored is what logs in.
struct RotationIntent: Sendable, Equatable {
  var password: SecretBytes
  /// The role as it was then; what it becomes where it was being made.
  var role: StaticRoleRecord

  var bytes: [UInt8] {
    let text = password.withBytes { String(decoding: $0, as: UTF8.self) }
    return JSONText(["new_password": .string(text), "role": .object(role.object)] as JSONObject).bytes
  }

  init(password: SecretBytes, role: StaticRoleRecord) {
    self.password = password
    self.role = role
  }

  /// Nil where the bytes are no intent.
  init?(bytes: [UInt8]) {
    guard let object = (try? JSONText(trusted: bytes).parsed())?.objectValue,
      let password = object["new_password"]?.stringValue,
      let role = object["role"]?.objectValue.flatMap(StaticRoleRecord.init)
    else { return nil }
    self.init(password: SecretBytes(copying: password.utf8), role: role)
  }
}
