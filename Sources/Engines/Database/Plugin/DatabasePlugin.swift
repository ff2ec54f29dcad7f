internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory

/// A kind of database: what stands behind a `plugin_name`. A new kind is a folder with a type that conforms to
/// `DatabasePlugin`, and a line in `PluginCatalog`.
struct DatabasePluginType: Sendable {
  /// The `plugin_name` of a connection, such as `postgresql-database-plugin`.
  let name: String
  let credentialTypes: Set<CredentialType>
  /// Reads the connection's details and checks them without connecting.
  let make: @Sendable (PluginSurroundings) throws(DatabaseError) -> any DatabasePlugin
}

/// What a plugin is made from.
struct PluginSurroundings: Sendable {
  /// The connection's fields that the engine itself does not know, as they were sent.
  var details: JSONObject
  /// Those of them that are secret, such as `password` and `private_key`.
  var secrets: [String: SecretBytes]
  var random: RandomSource
}

/// One connection of a mount: a database, and the user with which the engine manages its users. Called from many threads at
/// once. Every call ends within a bound of its own, whatever the database does.
protocol DatabasePlugin: Sendable {
  /// Logs in, so that a wrong configuration is found out when it is written.
  func verify() throws(DatabaseError)

  /// A name that no other user has.
  /// - Parameter template: nil for the connection's.
  func username(for subject: UsernameSubject, template: String?) throws(DatabaseError) -> String

  /// Creates the user by the role's statements, wholly or not at all.
  /// - Throws: where `error.isOutcomeUnknown`, the user may be there nevertheless.
  func createUser(_ user: NewUser) throws(DatabaseError)

  /// Changes the user's credential or the end of its life; with no statements by the database's own.
  func updateUser(_ name: String, _ change: UserChange, statements: [String]) throws(DatabaseError)

  /// Deletes the user with all its rights; with no statements by the database's own. One that is not there is a success.
  func deleteUser(_ name: String, statements: [String]) throws(DatabaseError)

  /// Gives the user that the engine itself logs in with a new password. This value goes on with the old one and is replaced.
  func rotateRoot(to password: SecretBytes, statements: [String]) throws(DatabaseError)

  /// Closes all connections; those in use when they are given back.
  func close()
}

/// Whom a user is made for, as templates of names see it.
struct UsernameSubject: Sendable, Equatable {
  var displayName: String
  var roleName: String
  var now: Timestamp
}

/// What a database keeps of a user to know it by.
enum UserCredential: Sendable, Equatable {
  case password(SecretBytes)
  /// Subject public key info in PEM.
  case publicKey(String)
  /// Nothing: it believes certificates of an authority, whose common name is the user's name.
  case certificate
}

struct NewUser: Sendable {
  var name: String
  var credential: UserCredential
  /// When the database itself is to refuse the user.
  var expiration: Timestamp
  var statements: [String]
  /// Run where `statements` fail.
  var rollbackStatements: [String]
}

enum UserChange: Sendable {
  case credential(UserCredential)
  case expiration(Timestamp)
}
