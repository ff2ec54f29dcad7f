internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives
internal import Tokens

extension SystemEngine {
  /// `sys/wrapping/…`: answers kept for whoever holds the token that was given out for them.
  static var wrappingRoutes: [Route<SystemEngine>] {
    [
      Route(
        "wrapping/wrap", traits: [.freeFields, .prompt], summary: "Wrap data of the caller's own",
        help: "The request must ask for wrapping; its body is what the wrapping token then leads to.",
        [.update: { engine, call in try engine.wrap(call) }]),
      Route(
        "wrapping/unwrap", traits: [.wrappingToken, .prompt], fields: [wrappedToken.description],
        summary: "Get a wrapped answer, once", help: "The wrapping token may also be the caller's own.",
        [.update: { engine, call in try engine.unwrap(call) }]),
      Route(
        "wrapping/lookup", traits: [.unauthenticated, .prompt], fields: [wrappedToken.description],
        summary: "Where a wrapped answer came from and how long it is kept",
        help: "Does not use the wrapping token up.",
        [
          .read: { engine, call in try engine.lookupWrapped(call) },
          .update: { engine, call in try engine.lookupWrapped(call) },
        ]
      ),
      Route(
        "wrapping/rewrap", traits: [.wrappingToken, .prompt], fields: [wrappedToken.description],
        summary: "Move a wrapped answer to a new token", help: "The old token is of no use afterwards.",
        [.update: { engine, call in try engine.rewrap(call) }]),
      Route(
        "wrapping/pubkey", traits: .unauthenticated,
        summary: "The key that wrapping tokens in JWT form are signed with",
        help: "Coordinates of the point, in decimal.", [.read: { engine, call in try engine.wrappingKey(call) }]),
    ]
  }

  private static let wrappedToken = Field.string("token", "The wrapping token.", secret: true)

  private func wrap(_ call: Call) throws -> Reply {
    guard call.wrapTTL != nil else { throw EngineError.invalid("endpoint requires response wrapping to be used") }
    return .data(call.fields)
  }

  private func unwrap(_ call: Call) throws -> Reply {
    let (session, state) = try call.active
    let answer = try state.wrapping.unwrap(try Self.wrappingToken(call), caller: session.token, now: call.now)
    return Reply(.envelope(answer.envelope), status: answer.status)
  }

  private func lookupWrapped(_ call: Call) throws -> Reply {
    let (session, state) = try call.active
    let token = try state.wrapping.admit(
      field: call.fields["token"], callerToken: session.inbound.token, now: call.now)
    return .data(try state.wrapping.lookup(token, now: call.now))
  }

  private func rewrap(_ call: Call) throws -> Reply {
    let (session, state) = try call.active
    let moved = try state.wrapping.rewrap(
      try Self.wrappingToken(call), ttl: call.wrapTTL, asJWT: session.inbound.wrapsAsJWT, now: call.now)
    return Reply(.plain(moved.envelope))
  }

  private func wrappingKey(_ call: Call) throws -> Reply {
    let key = try call.active.state.wrapping.publicKey()
    return .data([
      "jwt_curve": .string(WrappingPublicKey.curve), "jwt_x": .string(key.x), "jwt_y": .string(key.y),
    ])
  }

  private static func wrappingToken(_ call: Call) throws -> String {
    guard let text = try call[wrappedToken], !text.isEmpty else { return try call.session.inbound.token }
    return text
  }
}
