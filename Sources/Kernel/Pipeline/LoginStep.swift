internal import EngineAPI
internal import Primitives
internal import Tokens

/// A login that its auth method vouches for, with its entity: all that a token is made of.
struct Login: HeldLogin {
  let grant: LoginGrant
  let mountAccessor: String
  /// The request's path, which the token is of.
  let path: String
  /// The role that was logged in with; empty where the method has none.
  let role: String
  /// Empty where the auth method names nobody.
  var entityID = ""
  /// The login made the entity.
  var hasNewEntity = false
  /// How the client that logged in wants its token wrapped.
  let wrapTTL: TimeSpan?
  let wrapsAsJWT: Bool
}

extension Exchange {
  /// Finds or makes the entity behind what the auth method of this request vouches for.
  func login(_ grant: LoginGrant) throws -> Login {
    guard let mount, route?.traits.isSuperset(of: .login) == true else { throw Failures.internalError }
    var login = Login(
      grant: grant, mountAccessor: mount.entry.accessor, path: path, role: grant.role ?? namedRole,
      wrapTTL: request.wrapTTL, wrapsAsJWT: request.wrapsAsJWT)
    guard !grant.aliasName.isEmpty else { return login }
    let known = try state.identity.login(
      mountAccessor: mount.entry.accessor, isLocal: mount.entry.local, name: grant.aliasName,
      metadata: grant.aliasMetadata, groupAliases: grant.groupAliases, now: request.received)
    if known.entity.isDisabled { throw EngineError.denied }
    login.entityID = known.entity.id
    login.hasNewEntity = known.isNew
    return login
  }

  /// The last step of every login. Whatever it needs beside the auth method's word must have been shown before.
  func issue(_ login: Login) throws -> IssuedToken {
    // A login that was held comes by another path than its mount's.
    let known = mount?.entry.accessor == login.mountAccessor ? mount : state.mounts.mount(accessor: login.mountAccessor)
    guard let known, known === mount || known.enter() else { throw EngineError.denied }
    defer { if known !== mount { known.leave() } }
    let entry = known.entry
    let settings = state.mounts.settings(of: entry)
    return try state.tokens.issue(
      login: login.grant, mountPath: entry.requestPath, mountTokenType: entry.configuration.tokenType,
      defaultTTL: settings.defaultTTL, maxTTL: settings.maxTTL, now: request.received, path: login.path,
      entityID: login.entityID,
      identityPolicies: login.entityID.isEmpty ? [] : state.identity.policies(of: login.entityID),
      loginRole: login.role)
  }
}
