internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import SecretMemory

extension UserpassMethod {
  /// What an unknown user's password is compared with, so that the answer takes as long as for a known one. That the
  /// comparison could succeed changes nothing.
  private static let nobody = PasswordHash("$2b$10$" + String(repeating: "M", count: 53))
  private static let usernameMember = "username"

  func login(_ call: Call) throws -> Reply {
    let name = Self.username(call)
    let given = try call[GivenPassword.password] ?? ""
    if given.isEmpty { throw EngineError.invalid("invalid credentials") }
    let user = try user(name)
    guard let hash = user?.hash ?? Self.nobody else { throw EngineError.denied }
    let isRight: Bool
    do throws(PasswordHashError) {
      isRight = try hash.matches(SecretBytes(copying: Array(given.utf8)))
    } catch { throw GivenPassword.refusal(error) }
    guard isRight, let user else { throw EngineError.failedLogin("invalid username or password") }
    guard user.token.admits(call.remoteAddress) else { throw EngineError.denied }

    var grant = LoginGrant(aliasName: name, displayName: name, policies: [])
    grant.metadata = ["username": name]
    grant.internalData = [Self.usernameMember: .string(name)]
    user.token.fill(&grant)
    return Reply(.login(grant))
  }

  /// A token is renewed while its user is there and has the same policies.
  func renew(_ login: LoginGrant) throws -> LoginGrant {
    guard let name = login.internalData[Self.usernameMember]?.stringValue, let user = try user(name) else {
      throw EngineError.invalid("the user does not exist any more")
    }
    return try user.token.renew(login)
  }
}
