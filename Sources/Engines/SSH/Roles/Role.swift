internal import JSONText
internal import StorageAPI

/// A role as stored, of one of two kinds.
enum Role {
  case certificate(CertificateRole)
  case password(PasswordRole)

  static let damaged = StoreError.damaged("the record of an SSH role cannot be read: restore a snapshot")

  init(_ bytes: [UInt8]) throws(StoreError) {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited), record.objectValue != nil else {
      throw Self.damaged
    }
    switch record["key_type"]?.stringValue {
    case "ca": self = .certificate(CertificateRole(members: record))
    case "otp": self = .password(PasswordRole(members: record))
    default: throw Self.damaged
    }
  }

  /// The `key_type`.
  var kind: String {
    switch self {
    case .certificate: "ca"
    case .password: "otp"
    }
  }

  var members: JSONObject {
    var members =
      switch self {
      case .certificate(let role): role.members
      case .password(let role): role.members
      }
    members["key_type"] = .string(kind)
    return members.sorted
  }
}
