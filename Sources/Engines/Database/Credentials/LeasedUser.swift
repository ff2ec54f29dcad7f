internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI

/// What a lease holds of its user: enough to take it back when role and connection have changed since.
struct LeasedUser: Sendable, Equatable {
  var username: String
  var role: String
  var connection: String
  var revocationStatements: [String]
  /// The id of the record that was there before the lease.
  var creation: String

  init(role: RoleRecord, named name: String, username: String, creation: String) {
    self.username = username
    self.role = name
    connection = role.connection
    revocationStatements = role.revocationStatements
    self.creation = creation
  }

  var data: JSONObject {
    [
      "username": .string(username), "role": .string(role), "db_name": .string(connection),
      "revocation_statements": .strings(revocationStatements), "creation": .string(creation),
    ]
  }

  init?(_ data: JSONObject) {
    guard let username = data["username"]?.stringValue, let role = data["role"]?.stringValue else { return nil }
    self.username = username
    self.role = role
    connection = data["db_name"]?.stringValue ?? ""
    revocationStatements = data.strings("revocation_statements")
    creation = data["creation"]?.stringValue ?? ""
  }
}

extension DatabaseMount {
  static let leaseKind = "creds"

  func revoke(_ lease: LeaseRequest) throws {
    guard let user = LeasedUser(lease.internalData) else { throw EngineError.invalid("the lease names no user") }
    // The role's statements of today; those of the lease where the role is gone.
    let role = try role(user.role)
    do {
      try database(user.connection).deleteUser(
        user.username, statements: role?.revocationStatements ?? user.revocationStatements)
    } catch let error as DatabaseError {
      // Where no lease was made, the record is what the user is found by.
      if lease.issued == nil {
        creations.withLock { $0.forget(user.creation) }
        context.requestWork(context.clock.now())
      }
      throw error.leaseFailure
    }
    if lease.issued == nil { try storage.delete(Folder.creations + user.creation) }
  }

  func renew(_ lease: LeaseRequest, increment: TimeSpan) throws -> LeaseRequest {
    guard let user = LeasedUser(lease.internalData) else { throw EngineError.invalid("the lease names no user") }
    guard let role = try role(user.role) else {
      throw EngineError.invalid("error during renew: could not find role with name \"\(user.role)\"")
    }
    var renewed = lease
    renewed.ttl = increment > .zero ? increment : role.defaultTTL
    renewed.maxTTL = role.maxTTL
    let settings = context.settings()
    var limits = LifeSpan.Limits(defaultTTL: settings.defaultTTL, maxTTL: settings.maxTTL)
    limits.methodMaxTTL = role.maxTTL
    let now = context.clock.now()
    // Where no time is left the kernel refuses; there is nothing to tell the database.
    guard let life = LifeSpan.granted(renewed.ttl, within: limits, age: now - (lease.issued ?? now)) else {
      return renewed
    }
    do {
      try database(user.connection).updateUser(
        user.username, .expiration(now + life.ttl + Self.grace), statements: role.renewStatements)
    } catch let error as DatabaseError {
      throw error.leaseFailure
    }
    return renewed
  }
}
