internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory
internal import StorageAPI
internal import TokenParameters

/// A user as stored.
struct User {
  static let damaged = StoreError.damaged("a user's record cannot be read: write the user anew or restore a snapshot")

  var hash: PasswordHash
  var token: TokenParameters

  init(hash: PasswordHash, token: TokenParameters) {
    self.hash = hash
    self.token = token
  }

  init(_ bytes: [UInt8]) throws(StoreError) {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited),
      let hash = record["hash"]?.stringValue.flatMap({ PasswordHash($0) }),
      let token = try? TokenParameters(record: record["token"])
    else { throw Self.damaged }
    self.init(hash: hash, token: token)
  }

  var encoded: [UInt8] {
    let record: JSONObject = ["hash": .string(hash.text), "token": .object(token.record)]
    return JSONText(record).bytes
  }
}

/// A password as a request gives it, or the hash of one.
enum GivenPassword {
  static let password = Field.string("password", "The password, at most 72 bytes.", secret: true)
  static let passwordHash = Field.string(
    "password_hash", "In place of the password: its bcrypt hash, made elsewhere.", secret: true)
  static let fields = [password.description, passwordHash.description]
  /// Each further step doubles the work of every login: 16 takes seconds.
  static let costliest = 16

  /// The hash to keep; nil where the request names neither.
  static func hash(_ call: Call, random: RandomSource) throws -> PasswordHash? {
    let text = try call[password] ?? ""
    let hashed = try call[passwordHash] ?? ""
    if !text.isEmpty, !hashed.isEmpty {
      throw EngineError.invalid("\"password\" and \"password_hash\" cannot be supplied together")
    }
    if !hashed.isEmpty {
      guard let hash = PasswordHash(hashed) else {
        let part = hashed.utf8.count == 60 ? "prefix" : "length"
        throw EngineError.list(status: 400, ["password hash has incorrect \(part)"])
      }
      guard hash.cost <= costliest else {
        throw EngineError.invalid("\"password_hash\" has a cost above \(costliest)")
      }
      return hash
    }
    if text.isEmpty { return nil }
    do throws(PasswordHashError) {
      return try PasswordHash(of: SecretBytes(copying: Array(text.utf8)), random: random)
    } catch { throw refusal(error) }
  }

  static func required(_ call: Call, random: RandomSource) throws -> PasswordHash {
    guard let hash = try hash(call, random: random) else { throw missing }
    return hash
  }

  static let missing = EngineError.invalid("\"password\" or \"password_hash\" must be supplied")

  static func refusal(_ error: PasswordHashError) -> EngineError {
    switch error {
    case .tooLong:
      .list(status: 400, ["bcrypt: password length exceeds \(PasswordHash.maximumPasswordBytes) bytes"])
    case .holdsZero: .invalid("the password holds a zero byte")
    case .busy: EngineError(status: 503, messages: ["too many passwords are being checked; try again"])
    case .library: EngineError(status: 503, messages: ["no memory to check a password; try again"])
    }
  }
}
