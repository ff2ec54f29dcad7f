internal import AccessPolicy
internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Tokens

extension SystemEngine {
  static let interfaceRoutes: [Route<SystemEngine>] = [
    Route(
      "internal/ui/mounts/", traits: [.unauthenticated], summary: "The mounts that the caller may see",
      [.read: { try visibleMounts($1) }]),
    Route(
      "internal/ui/mounts/{path...}", traits: [.unauthenticated], summary: "The mount that a path lies in",
      [.read: { try mount($1) }]),
    Route(
      "internal/ui/resultant-acl", summary: "All rules of the caller's policies", [.read: { try resultantACL($1) }]),
    Route(
      "internal/ui/feature-flags", traits: [.unauthenticated, .beforeUnseal], summary: "Switches of the interface",
      [.read: { _, _ in Reply(.plain(JSONText(["feature_flags": .null] as JSONObject))) }]),
    Route(
      "internal/ui/namespaces", traits: [.unauthenticated], summary: "The namespaces that the caller may see",
      [.read: { try namespaces($1) }]),
    Route(
      "internal/ui/authenticated-messages", summary: "Messages for people who are logged in",
      [.read: { _, _ in .none }]),
    Route(
      "internal/ui/unauthenticated-messages", traits: [.unauthenticated], summary: "Messages for everybody",
      [.read: { _, _ in .none }]),
  ]

  /// The caller, where one named a token: a wrong one is an error here, as it is nowhere else without login.
  static func caller(_ call: Call) throws -> TokenEntry? {
    let session = try call.session
    if session.token == nil && !session.inbound.token.isEmpty { throw EngineError.denied }
    return session.token
  }

  private static func sees(_ token: TokenEntry, _ mount: Mount, _ state: ActiveState) throws -> Bool {
    if token.isRoot { return true }
    return try state.acl(for: token).hasAnyAccess(under: mount.entry.requestPath)
  }

  /// What a caller may know of a mount.
  enum Sight {
    case nothing
    /// That it is there, and of which type.
    case outline
    case everything
  }

  /// - Parameter token: nil for a caller without one.
  static func sight(of mount: Mount, _ token: TokenEntry?, _ state: ActiveState) throws -> Sight {
    if let token, try sees(token, mount, state) { return .everything }
    return mount.entry.configuration.listingVisibility == "unauth" ? .outline : .nothing
  }

  private static func visibleMounts(_ call: Call) throws -> Reply {
    let state = try call.active.state
    let token = try caller(call)
    func section(_ mountClass: MountClass) throws -> JSONValue {
      var section = JSONObject()
      for mount in state.mounts.all(mountClass) {
        let entry = mount.entry
        switch try sight(of: mount, token, state) {
        case .everything: section[entry.path] = .object(MountInfo.object(mount, in: state.mounts, resolved: true))
        case .outline:
          section[entry.path] = [
            "description": .string(entry.description), "options": MountInfo.options(entry), "type": .string(entry.type),
          ]
        case .nothing: break
        }
      }
      return .object(section)
    }
    return .data(["auth": try section(.auth), "secret": try section(.secret)])
  }

  private static func mount(_ call: Call) throws -> Reply {
    let state = try call.active.state
    guard let token = try caller(call) else { throw EngineError.denied }
    let path = MountPath.normalised(call.capture("path"))
    guard let (mount, _) = state.mounts.resolve(path), try sees(token, mount, state) else {
      throw EngineError.denied(
        "preflight capability check returned 403, please ensure client's policies grant access to path \"\(path)\"")
    }
    var info = MountInfo.object(mount, in: state.mounts, resolved: true)
    info["path"] = .string(mount.entry.requestPath)
    return .data(info)
  }

  /// There is the root namespace and no other.
  private static func namespaces(_ call: Call) throws -> Reply {
    guard try caller(call) != nil else { throw EngineError.denied }
    return .keys([""])
  }

  private static func resultantACL(_ call: Call) throws -> Reply {
    let (session, state) = try call.active
    guard let token = session.token else { throw EngineError.denied }
    if token.isRoot { return .data(["root": true]) }
    return .data(try state.acl(for: token).resultantACL)
  }
}
