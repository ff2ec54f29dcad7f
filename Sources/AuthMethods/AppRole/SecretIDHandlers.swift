internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI
internal import TokenParameters

extension AppRoleMethod {
  // MARK: Making

  func makeSecretID(_ call: Call) throws -> Reply { try make(context.random.uuid(), call) }

  func makeCustomSecretID(_ call: Call) throws -> Reply {
    try make(try Fields.required(call, Fields.secretID), call)
  }

  private func make(_ text: String, _ call: Call) throws -> Reply {
    let accessor = context.random.uuid()
    let digest = try digest(text)
    let made = try storage.transaction { transaction in
      let role = try role(call, &transaction)
      let made = try draft(of: role, call, accessor: accessor)
      let key = Self.secretIDs(role) + digest
      if let bytes = try transaction.get(key) {
        let old = try SecretID(bytes)
        guard old.isOver(at: call.now) else {
          throw EngineError.list(status: 400, ["failed to store secret_id: SecretID is already registered"])
        }
        transaction.delete(Self.accessors(role) + old.accessor)
      }
      transaction.put(key, made.encoded)
      transaction.put(Self.accessors(role) + accessor, Array(digest.utf8))
      return made
    }
    tidyIfDue(now: call.now)
    var reply = Reply.data([
      "secret_id": .string(text), "secret_id_accessor": .string(accessor),
      "secret_id_num_uses": .int(made.usesLeft), "secret_id_ttl": .int(made.ttl.seconds),
    ])
    reply.wrappedAccessor = accessor
    return reply
  }

  private func draft(of role: Role, _ call: Call, accessor: String) throws -> SecretID {
    guard role.bindsSecretID else { throw EngineError.invalid("bind_secret_id is not set on the role") }
    let blocks = try Blocks.checked(try call[Fields.cidrList] ?? [], error: { .list(status: 400, [$0]) })
    try Blocks.checkSubset(blocks, of: role.secretIDBlocks)
    let tokenBlocks = try Blocks.checked(
      try call[Fields.tokenBlocks] ?? [], of: "token CIDR", error: { .list(status: 400, [$0]) })
    try Blocks.checkSubset(tokenBlocks, of: role.token.boundCIDRs.map(\.description))

    let uses = try call[Fields.uses] ?? role.secretIDUses
    if uses < 0 { throw EngineError.invalid("num_uses cannot be negative") }
    if role.secretIDUses > 0, uses == 0 || uses > role.secretIDUses {
      throw EngineError.invalid("num_uses cannot be higher than the role's secret_id_num_uses")
    }
    let ttl = try call[Fields.ttl] ?? role.secretIDTTL
    if role.secretIDTTL > .zero, ttl == .zero || ttl > role.secretIDTTL {
      throw EngineError.invalid("ttl cannot be longer than the role's secret_id_ttl")
    }
    return SecretID(
      accessor: accessor, usesLeft: uses, ttl: min(ttl, context.settings().maxTTL), created: call.now,
      metadata: try MetadataText.parse(try call[Fields.metadata] ?? ""), blocks: blocks, tokenBlocks: tokenBlocks)
  }

  // MARK: Looking up and destroying

  func listSecretIDs(_ call: Call) throws -> Reply {
    let page = try Fields.page(call)
    let role = try knownRole(call, status: 400)
    return .keys(try storage.list(Self.accessors(role), after: page.after, limit: page.limit))
  }

  func lookUpSecretID(_ call: Call) throws -> Reply {
    let text = try Fields.required(call, Fields.secretID)
    let role = try listedRole(call)
    guard let known = try secretID(digest: try digest(text), of: role, now: call.now) else { return .none }
    return .data(known.members)
  }

  func destroySecretID(_ call: Call) throws -> Reply {
    let text = try Fields.required(call, Fields.secretID)
    let role = try listedRole(call)
    try destroy(digest: try digest(text), of: role)
    return .none
  }

  func lookUpAccessor(_ call: Call) throws -> Reply {
    let accessor = try Fields.required(call, Fields.accessor)
    let role = try listedRole(call)
    guard let digest = try digest(accessor: accessor, of: role),
      let known = try secretID(digest: digest, of: role, now: call.now)
    else {
      var reply = Reply.data(["error": .string(Self.unknownAccessor(accessor))])
      reply.status = 404
      return reply
    }
    return .data(known.members)
  }

  func destroyAccessor(_ call: Call) throws -> Reply {
    let accessor = try Fields.required(call, Fields.accessor)
    let role = try listedRole(call)
    guard let digest = try digest(accessor: accessor, of: role) else {
      throw EngineError.list(status: 400, [Self.unknownAccessor(accessor)])
    }
    try destroy(digest: digest, of: role)
    return .none
  }

  private static func unknownAccessor(_ accessor: String) -> String {
    "failed to find accessor entry for secret_id_accessor: \"\(accessor)\""
  }

  /// Nil where it is not there or its time is over, tidied or not.
  func secretID(digest: String, of role: Role, now: Timestamp) throws -> SecretID? {
    guard let stored = try storage.get(Self.secretIDs(role) + digest) else { return nil }
    let known = try SecretID(stored.bytes)
    return known.isOver(at: now) ? nil : known
  }

  private func digest(accessor: String, of role: Role) throws -> String? {
    // What cannot be an accessor is not looked for: it could be a name that the store does not take.
    guard accessor.utf8.count == 36, !accessor.utf8.contains(UInt8(ascii: "/")) else { return nil }
    return try storage.get(Self.accessors(role) + accessor).map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  private func destroy(digest: String, of role: Role) throws {
    try storage.transaction { transaction in try Self.destroy(digest: digest, of: role, &transaction) }
  }

  static func destroy(digest: String, of role: Role, _ transaction: inout Transaction) throws {
    guard let bytes = try transaction.get(secretIDs(role) + digest) else { return }
    transaction.delete(secretIDs(role) + digest)
    if let known = try? SecretID(bytes) { transaction.delete(accessors(role) + known.accessor) }
  }
}
