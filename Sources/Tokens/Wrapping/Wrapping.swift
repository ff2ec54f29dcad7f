package import EngineAPI
package import JSONText
package import Primitives
package import StorageAPI

/// What the receiver of a wrapped answer gets instead of it.
package struct WrapInfo: Sendable {
  package var token: String
  package var accessor: String
  package var ttl: TimeSpan
  package var creationTime: Timestamp
  package var creationPath: String
  /// Of the token or SecretID inside; empty for none.
  package var wrappedAccessor: String

  /// The envelope's `wrap_info`.
  package var json: JSONText {
    var w = JSONWriter()
    w.beginObject()
    w.name("token")
    w.string(token)
    w.name("accessor")
    w.string(accessor)
    w.name("ttl")
    w.int(ttl.seconds)
    w.name("creation_time")
    w.string(creationTime.rfc3339)
    w.name("creation_path")
    w.string(creationPath)
    if !wrappedAccessor.isEmpty {
      w.name("wrapped_accessor")
      w.string(wrappedAccessor)
    }
    w.endObject()
    return JSONText(trusted: w.bytes)
  }

  /// The whole answer: nothing but the `wrap_info`.
  package var envelope: JSONText {
    var w = JSONWriter()
    w.beginObject()
    w.name("request_id")
    w.string("")
    w.name("lease_id")
    w.string("")
    w.name("renewable")
    w.bool(false)
    w.name("lease_duration")
    w.int(0)
    w.name("data")
    w.null()
    w.name("wrap_info")
    w.text(json)
    w.name("warnings")
    w.null()
    w.name("auth")
    w.null()
    w.name("mount_type")
    w.string("")
    w.endObject()
    return JSONText(trusted: w.bytes)
  }
}

/// An answer that comes out of its wrapping.
package struct UnwrappedAnswer: Sendable {
  /// The whole envelope as it would have been sent.
  package var envelope: JSONText
  package var status: Int
}

/// Answers kept in the cubbyholes of tokens that can be used once, to be fetched by whoever holds the token.
package final class Wrapping: Sendable {
  private let store: any LogicalStore
  private let tokens: TokenStore
  private let cubbyholePrefix: String
  private let random: RandomSource
  private let signer: TokenSigner

  /// - Parameter address: of this server, for tokens in the form of a JWT.
  package init(
    store: any LogicalStore, tokens: TokenStore, cubbyholePrefix: String, address: String = "", random: RandomSource
  ) {
    signer = TokenSigner(store: store, address: address)
    self.store = store
    self.tokens = tokens
    self.cubbyholePrefix = cubbyholePrefix
    self.random = random
  }

  package func publicKey() throws -> WrappingPublicKey { try signer.publicKey() }

  package static let invalidToken = EngineError.invalid("wrapping token is not valid or does not exist")

  /// Keeps the envelope for `ttl`; one batch of writes.
  /// - Parameters:
  ///   - path: of the request that is answered, as `creation_path` shows it.
  ///   - status: the answer's, which comes back with it.
  package func wrap(
    envelope: JSONText, path: String, ttl: TimeSpan, asJWT: Bool, wrappedAccessor: String, status: Int, now: Timestamp
  ) throws -> WrapInfo {
    let content = Content(response: envelope.string, status: status)
    return try wrap(
      content, path: path, ttl: ttl, asJWT: asJWT, wrappedAccessor: wrappedAccessor, now: now, replacing: nil)
  }

  /// The token that a request to unwrap, rewrap or look up is about: the one in its field `token`, or else the
  /// caller's own.
  ///
  /// To be asked before anything else is done for such a request, so that one with a bad wrapping token uses up
  /// nothing.
  /// - Parameter field: the field as it came; nil where the request does not have it.
  /// - Throws: `EngineError`, where that is no wrapping token that can still be used.
  package func admit(field: JSONValue?, callerToken: String, now: Timestamp) throws -> String {
    let text: String
    if let field, !field.isNull {
      text = field.stringValue ?? ""
      if text.isEmpty { throw EngineError.denied("error validating wrapping token: empty token in request body") }
    } else {
      text = callerToken
      if text.isEmpty { throw EngineError.denied("error validating wrapping token: token is empty") }
    }
    let token = try signer.token(text)
    guard try tokens.lookup(token, now: now)?.isWrapping == true else { throw Self.invalidToken }
    return token
  }

  /// Gives the answer out; the token is of no use afterwards. Of several callers at once one gets it.
  /// - Parameter caller: the token of who asks. Where that is the wrapping token itself its use is spent already, and
  /// whoever spent it
  ///   revokes it after the request.
  package func unwrap(_ text: String, caller: TokenEntry?, now: Timestamp) throws -> UnwrappedAnswer {
    let token = try signer.token(text)
    if let caller, caller.isWrapping, try tokens.isText(token, of: caller) {
      guard let entry = try tokens.current(caller), let content = try content(entry) else { throw Self.invalidToken }
      return content.answer
    }
    let (known, content) = try open(token, now: now)
    var batch = WriteBatch()
    batch.writes = tokens.removal(known.entry)
    guard try tokens.commit(batch, over: [known]) else { throw Self.invalidToken }
    return content.answer
  }

  /// What can be known of a wrapped answer without using its token up: the `data` of a lookup.
  package func lookup(_ text: String, now: Timestamp) throws -> JSONObject {
    guard let entry = try tokens.lookup(try signer.token(text), now: now), entry.isWrapping else {
      throw Self.invalidToken
    }
    return [
      "creation_path": .string(entry.path), "creation_time": .string(entry.creationTime.rfc3339),
      "creation_ttl": .int(entry.creationTTL.seconds),
    ]
  }

  /// Moves the answer to a new token, for `ttl` or as long as it was wrapped for. The old one is of no use afterwards.
  package func rewrap(_ text: String, ttl: TimeSpan?, asJWT: Bool, now: Timestamp) throws -> WrapInfo {
    let (known, content) = try open(try signer.token(text), now: now)
    return try wrap(
      content, path: known.entry.path, ttl: ttl ?? known.entry.creationTTL, asJWT: asJWT, wrappedAccessor: "", now: now,
      replacing: known)
  }

  // MARK: The cubbyhole

  private struct Content {
    var response: String
    var status: Int

    var answer: UnwrappedAnswer {
      UnwrappedAnswer(envelope: JSONText(trusted: Array(response.utf8)), status: status)
    }
  }

  private func open(_ text: String, now: Timestamp) throws -> (KnownToken, Content) {
    guard let entry = try tokens.lookup(text, now: now), entry.isWrapping, let known = try tokens.load(entry.key),
      known.entry.numberOfUses > 0, let content = try content(known.entry)
    else { throw Self.invalidToken }
    return (known, content)
  }

  private func content(_ entry: TokenEntry) throws -> Content? {
    guard let response = try member("response", of: "response", in: entry)?.stringValue else { return nil }
    let status = try member("status", of: "wrapinfo", in: entry)?.int64Value ?? 200
    return Content(response: response, status: Int(status))
  }

  private func member(_ name: String, of key: String, in entry: TokenEntry) throws -> JSONValue? {
    guard let stored = try store.get(folder(entry) + key) else { return nil }
    return try JSONText(trusted: stored.bytes).parsed()[name]
  }

  private func wrap(
    _ content: Content, path: String, ttl: TimeSpan, asJWT: Bool, wrappedAccessor: String, now: Timestamp,
    replacing old: KnownToken?
  ) throws -> WrapInfo {
    var draft = TokenEntry(
      type: .service, path: path, policies: [TokenEntry.wrappingPolicy], creationTime: now)
    draft.ttl = ttl
    draft.creationTTL = ttl
    draft.explicitMaxTTL = ttl
    draft.expireTime = now + ttl
    draft.numberOfUses = 1
    draft.grantedUses = 1
    let (entry, text) = try tokens.store(draft, now: now) { entry in
      if let old, try tokens.load(old.entry.key)?.index != old.index { throw Self.invalidToken }
      let response = JSONText(JSONObject([("response", .string(content.response))])).bytes
      let information: JSONObject = [
        "creation_path": .string(path), "creation_time": .string(now.rfc3339), "creation_ttl": .int(ttl.nanoseconds),
        "status": .int(content.status),
      ]
      let writes: [WriteBatch.Write] = [
        .put(key: folder(entry) + "response", value: response),
        .put(key: folder(entry) + "wrapinfo", value: JSONText(information).bytes),
      ]
      return (writes + (old.map { tokens.removal($0.entry) } ?? []), old.map { [$0] } ?? [])
    }
    return WrapInfo(
      token: asJWT ? try signer.sign(text, of: entry) : text, accessor: entry.accessor, ttl: ttl, creationTime: now,
      creationPath: path,
      wrappedAccessor: wrappedAccessor)
  }

  private func folder(_ entry: TokenEntry) -> String { cubbyholePrefix + entry.cubbyholeID + "/" }
}
