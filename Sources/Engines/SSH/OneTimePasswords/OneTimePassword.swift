internal import Cryptography
internal import JSONText
internal import Primitives
internal import StorageAPI

/// A password that was given out and has not been used: for whom and where it is good.
struct OneTimePassword {
  /// By which the kernel asks to give one back.
  static let leaseKind = "otp"

  let username: String
  let address: String
  let roleName: String
  /// The end of its lease: a password is not good while its removal is late.
  let expires: Timestamp

  init(username: String, address: String, roleName: String, expires: Timestamp) {
    self.username = username
    self.address = address
    self.roleName = roleName
    self.expires = expires
  }

  init(_ bytes: [UInt8]) throws(StoreError) {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited),
      let username = record["username"]?.stringValue, let address = record["ip"]?.stringValue,
      let roleName = record["role_name"]?.stringValue, let expires = record["expires"]?.int64Value
    else { throw .damaged("the record of a one-time password cannot be read: restore a snapshot") }
    self.init(
      username: username, address: address, roleName: roleName, expires: Timestamp(nanoseconds: expires))
  }

  var encoded: [UInt8] {
    var record = members
    record["expires"] = .int(expires.nanoseconds)
    return JSONText(record).bytes
  }

  /// What whoever shows the password learns.
  var members: JSONObject {
    ["ip": .string(address), "role_name": .string(roleName), "username": .string(username)]
  }

  /// The name under which a password is stored; names in the store are not secret. Passwords are too random to be found
  /// by trying.
  static func digest(_ password: String) -> String { Hex.encode(HashFunction.sha256.digest(of: password.utf8)) }
}
