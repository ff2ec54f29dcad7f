internal import Cryptography
internal import EngineAPI
internal import IdentityTokens
internal import JSONText
internal import Primitives
internal import StorageAPI

/// Something that operators configure by name.
protocol OIDCRecord: Sendable {
  /// Where it is stored, with "/" at its end.
  static var folder: String { get }
  /// Those that are there without anybody having made them.
  static var builtin: [String: Self] { get }
  var record: JSONObject { get }
  init?(record: JSONObject)
}

extension OIDCRecord {
  static var builtin: [String: Self] { [:] }
}

/// What identity tokens and the OIDC provider keep: the configuration in storage, key rings there and parsed in memory,
/// codes in memory alone. Changes are made one at a time, so that what one record says of another stays true.
final class OIDCStore: Sendable {
  let random: RandomSource
  private let storage: StorageView
  private let requestWork: @Sendable (_ at: Timestamp) -> Void
  private let changing = Serial(())
  private let rings = Locked<[String: KeyRing]>([:])
  private let accessTokens = Locked<AccessTokens?>(nil)
  let codes = Locked(AuthorizationCodes())

  init(storage: StorageView, random: RandomSource, requestWork: @escaping @Sendable (_ at: Timestamp) -> Void) {
    self.storage = storage
    self.random = random
    self.requestWork = requestWork
  }

  // MARK: Reading

  func read<R: OIDCRecord>(_ type: R.Type, _ name: String) throws -> R? {
    guard let stored = try storage.get(R.folder + name) else { return R.builtin[name] }
    return try Self.parse(type, stored.bytes)
  }

  func names<R: OIDCRecord>(_ type: R.Type) throws -> [String] {
    let stored = try storage.list(R.folder)
    return R.builtin.isEmpty ? stored : Set(stored).union(R.builtin.keys).sorted()
  }

  func all<R: OIDCRecord>(_ type: R.Type) throws -> [(name: String, value: R)] {
    var found: [(name: String, value: R)] = []
    for name in try names(type) { if let value = try read(type, name) { found.append((name, value)) } }
    return found
  }

  func client(id: String) throws -> (name: String, client: OIDCClient)? {
    guard OIDCClient.isID(id), let stored = try storage.get(Self.clientIDs + id) else { return nil }
    let name = String(decoding: stored.bytes, as: UTF8.self)
    return try read(OIDCClient.self, name).map { (name, $0) }
  }

  var issuer: String {
    get throws {
      guard let stored = try storage.get(Self.configuration) else { return "" }
      return String(decoding: stored.bytes, as: UTF8.self)
    }
  }

  private static func parse<R: OIDCRecord>(_ type: R.Type, _ bytes: [UInt8]) throws -> R {
    guard let object = try? JSONParser.parse(bytes, limits: .unlimited).objectValue, let value = R(record: object)
    else { throw StoreError.damaged("a record of the OIDC provider cannot be read; restore a snapshot") }
    return value
  }

  private static let configuration = "config"
  private static let clientIDs = "client-id/"
  private static let ringFolder = "ring/"
  private static let accessTokenKey = "access-token-key"

  // MARK: Changing

  /// What one request changes, committed together.
  struct Changes {
    fileprivate var batch = WriteBatch()
    fileprivate var rings: [String: KeyRing?] = [:]

    mutating func put<R: OIDCRecord>(_ name: String, _ value: R) {
      batch.put(R.folder + name, JSONText(value.record).bytes)
    }
    mutating func delete<R: OIDCRecord>(_ type: R.Type, _ name: String) { batch.delete(R.folder + name) }
    mutating func put(_ name: String, ring: KeyRing) throws {
      batch.put(OIDCStore.ringFolder + name, JSONText(try ring.record).bytes)
      rings[name] = .some(ring)
    }
    mutating func deleteRing(_ name: String) {
      batch.delete(OIDCStore.ringFolder + name)
      rings[name] = .some(nil)
    }
    mutating func put(clientID id: String, of name: String) { batch.put(OIDCStore.clientIDs + id, Array(name.utf8)) }
    mutating func delete(clientID id: String) { batch.delete(OIDCStore.clientIDs + id) }
    mutating func put(issuer: String) { batch.put(OIDCStore.configuration, Array(issuer.utf8)) }
  }

  func change<R>(_ body: (inout Changes) throws -> R) throws -> R {
    try changing.withTurn { (_) throws in
      var changes = Changes()
      let result = try body(&changes)
      if changes.batch.isEmpty { return result }
      _ = try storage.commit(changes.batch)
      rings.withLock { rings in for (name, ring) in changes.rings { rings[name] = ring } }
      if let next = changes.rings.values.compactMap({ $0?.nextChange }).min() { requestWork(next) }
      return result
    }
  }

  // MARK: Key rings

  /// The keys of a named key; nil where it was never needed. Not for use inside `change`.
  func ring(_ name: String) throws -> KeyRing? {
    if let known = rings.withLock({ $0[name] }) { return known }
    // In turn, so that what is kept in memory is not older than what is stored.
    return try changing.withTurn { (_) throws in
      let ring = try ringInTurn(name)
      rings.withLock { $0[name] = ring }
      return ring
    }
  }

  /// The same for use inside `change`.
  func ringInTurn(_ name: String) throws -> KeyRing? {
    if let known = rings.withLock({ $0[name] }) { return known }
    guard let stored = try storage.get(Self.ringFolder + name) else { return nil }
    guard let ring = try? KeyRing(record: JSONParser.parse(stored.bytes, limits: .unlimited)) else {
      throw StoreError.damaged("the signing keys of a named key cannot be read; restore a snapshot")
    }
    return ring
  }

  func newKey(of key: NamedKey) throws -> SigningKey { try SigningKey.generate(key.algorithm, random: random) }

  /// The ring as it stands at `now`, made or rotated where that is due.
  func currentRing(_ name: String, _ key: NamedKey, now: Timestamp, _ changes: inout Changes) throws -> KeyRing {
    guard var ring = try ringInTurn(name) else {
      let made = KeyRing(signing: try newKey(of: key), next: try newKey(of: key), now: now, rules: key.rules)
      try changes.put(name, ring: made)
      return made
    }
    guard ring.isDue(now) else { return ring }
    try ring.catchUp(to: now, rules: key.rules, fresh: newKey(of: key))
    try changes.put(name, ring: ring)
    return ring
  }

  /// The key that signs at `now`.
  func signingKey(_ name: String, now: Timestamp) throws -> SigningKey? {
    if let known = rings.withLock({ $0[name] }), !known.isDue(now) { return known.signing }
    return try change { changes in
      guard let key = try read(NamedKey.self, name) else { return nil }
      let ring = try currentRing(name, key, now: now, &changes)
      if changes.batch.isEmpty { rings.withLock { $0[name] = ring } }
      return ring.signing
    }
  }

  /// Rotates what is due and deletes what is over, so that private keys do not outlive their time where nobody asks for
  /// tokens. Makes at most one key, because those take a while.
  /// - Returns: when there is something to do next.
  func maintainRings(now: Timestamp) throws -> Timestamp? {
    let used = Set(try all(OIDCRole.self).map(\.value.key)).union(try all(OIDCClient.self).map(\.value.key))
    var next: Timestamp?
    for name in used.sorted() {
      guard let ring = try ring(name) else { continue }
      if ring.nextChange <= now {
        try change { changes in
          guard let key = try read(NamedKey.self, name), var ring = try ringInTurn(name) else { return }
          if ring.isDue(now) { try ring.catchUp(to: now, rules: key.rules, fresh: newKey(of: key)) }
          ring.forget(before: now)
          try changes.put(name, ring: ring)
        }
        return now
      }
      next = min(next ?? ring.nextChange, ring.nextChange)
    }
    return next
  }

  // MARK: Access tokens

  /// Made when it is first needed.
  func accessTokenSeal() throws -> AccessTokens {
    if let known = accessTokens.withLock({ $0 }) { return known }
    let fresh = random.bytes(AccessTokens.keyBytes)
    let bytes = try storage.transaction { transaction in
      if let stored = try transaction.get(Self.accessTokenKey) { return stored }
      transaction.put(Self.accessTokenKey, fresh)
      return fresh
    }
    let seal = AccessTokens(key: bytes, random: random)
    accessTokens.withLock { $0 = seal }
    return seal
  }
}
