internal import AccessPolicy
internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Tokens

private enum Fields {
  static let paths = Field.commaStrings("paths", "The paths to ask about.")
  static let path = Field.commaStrings("path", "The old name of `paths`.", deprecated: true)
  static let token = Field.string("token", "The token to ask about.", secret: true)
  static let accessor = Field.string("accessor", "The accessor of the token to ask about.")
}

extension SystemEngine {
  static let capabilityRoutes: [Route<SystemEngine>] = [
    Route(
      "capabilities", traits: [.dataAtTop],
      fields: [Fields.token.description, Fields.paths.description, Fields.path.description],
      summary: "What a token may do with paths", [.update: { try ofToken($1) }]),
    Route(
      "capabilities-accessor", traits: [.dataAtTop],
      fields: [Fields.accessor.description, Fields.paths.description, Fields.path.description],
      summary: "What the token of an accessor may do with paths", [.update: { try ofAccessor($1) }]),
    Route(
      "capabilities-self", traits: [.dataAtTop],
      fields: [Fields.token.description, Fields.paths.description, Fields.path.description],
      summary: "What the caller may do with paths", [.update: { try ofCaller($1) }]),
  ]

  private static func ofToken(_ call: Call) throws -> Reply {
    let state = try call.active.state
    guard let text = try call[Fields.token], !text.isEmpty else {
      throw EngineError.list(status: 400, ["no token found"])
    }
    let paths = try paths(call)
    guard let token = try state.tokens.lookup(text, now: call.now) else {
      throw EngineError.list(status: 400, ["invalid token"])
    }
    return try answer(token, paths, state)
  }

  private static func ofAccessor(_ call: Call) throws -> Reply {
    let state = try call.active.state
    guard let accessor = try call[Fields.accessor], !accessor.isEmpty else {
      throw EngineError.invalid("missing accessor")
    }
    guard let token = try state.tokens.entry(accessor: accessor, now: call.now) else {
      throw EngineError.list(status: 400, ["invalid accessor"])
    }
    return try answer(token, try paths(call), state)
  }

  private static func ofCaller(_ call: Call) throws -> Reply {
    let (session, state) = try call.active
    guard let token = session.token else { throw EngineError.denied }
    return try answer(token, try paths(call), state)
  }

  private static func paths(_ call: Call) throws -> [String] {
    var paths = try call[Fields.paths] ?? []
    if paths.isEmpty { paths = try call[Fields.path] ?? [] }
    if call.fields["paths"] == nil && paths == [""] { paths = [] }
    guard !paths.isEmpty else { throw EngineError.invalid("paths must be supplied") }
    return paths
  }

  private static func answer(_ token: TokenEntry, _ paths: [String], _ state: ActiveState) throws -> Reply {
    let acl = token.isRoot ? nil : try state.acl(for: token)
    var answer = JSONObject()
    for path in paths {
      guard !path.isEmpty else { throw EngineError.list(status: 400, ["missing path"]) }
      let asked = path.first == "/" ? String(path.dropFirst()) : path
      answer[path] = .strings(acl?.capabilities(asked) ?? ["root"])
    }
    if paths.count == 1, let only = paths.first { answer["capabilities"] = answer[only] }
    return .data(answer)
  }
}
