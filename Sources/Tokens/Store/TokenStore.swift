internal import EngineAPI
package import Primitives
package import StorageAPI

/// All tokens: who holds which, until when, and what ends with what.
///
/// A token is known by a salted digest of its text, which is never stored. Every change is one batch of writes, under
/// the condition that what it was
/// decided on has not changed. A token whose parent is gone is dead, even before its own record is removed, so that a
/// tree ends at once
/// and stays ended whatever happens to the rest of the work.
package final class TokenStore: Sendable {
  let store: any LogicalStore
  let cubbyholePrefix: String
  let clock: WallClock
  let random: RandomSource
  let log: @Sendable (String) -> Void
  let cache = TokenCache()
  let expiry = Monitored(ExpiryState())
  let thread = Locked<BackgroundThread?>(nil)
  private let known = Locked<TokenSecrets?>(nil)
  private struct Listener {
    let writes: @Sendable (TokenEntry) -> [WriteBatch.Write]
    let committed: @Sendable (TokenEntry) -> Void
  }
  private let listeners = Locked<[Listener]>([])
  /// Asked before a token is stored; what it returns is told which token was, nil for none.
  package typealias Admission = @Sendable (TokenEntry) throws -> (@Sendable (TokenEntry?) -> Void)?
  let admission = Locked(Gate())

  /// A type of its own around the function: one that is kept bare behind generic code gets a further wrapping with each look at it, until
  /// calling it takes more stack than there is.
  struct Gate: Sendable { var admit: Admission? }

  /// `cubbyholePrefix` is where the cubbyhole engine's mount keeps its data, with "/" at its end.
  package init(
    store: any LogicalStore, cubbyholePrefix: String, clock: WallClock, random: RandomSource,
    log: @escaping @Sendable (String) -> Void
  ) {
    self.store = store
    self.cubbyholePrefix = cubbyholePrefix
    self.clock = clock
    self.random = random
    self.log = log
  }

  /// Asks for more writes to be done in the batch that revokes a token; `body` must not have effects of its own.
  /// `committed` is called after the batch.
  package func onRevoked(
    _ body: @escaping @Sendable (TokenEntry) -> [WriteBatch.Write],
    committed: @escaping @Sendable (TokenEntry) -> Void = { _ in }
  ) {
    listeners.withLock { $0.append(Listener(writes: body, committed: committed)) }
  }

  /// Has `body` decide about every token that is to be stored; what it throws is thrown to whoever makes the token.
  package func admit(_ body: @escaping Admission) { admission.withLock { $0.admit = body } }

  func writesOnRevocation(_ entry: TokenEntry) -> [WriteBatch.Write] {
    listeners.withLock { $0 }.flatMap { $0.writes(entry) }
  }

  func announceRevocation(_ entries: [TokenEntry]) {
    for listener in listeners.withLock({ $0 }) { for entry in entries { listener.committed(entry) } }
  }

  // MARK: Who holds a token

  /// What a token's text is good for.
  package enum Identification: Sendable {
    case valid(KnownToken)
    /// A good token, but not from that address.
    case wrongAddress
    /// Never was, or is no more.
    case unknown
  }

  /// - Throws: `StoreError`, which says nothing about the token.
  package func identification(_ tokenText: String, now: Timestamp, remoteAddress: String) throws -> Identification {
    guard let known = try find(tokenText, now: now) else { return .unknown }
    return known.entry.allows(remoteAddress: remoteAddress) ? .valid(known) : .wrongAddress
  }

  /// The token that may be used with that text from that address; nil where there is none.
  /// - Throws: `StoreError`, which says nothing about the token.
  package func identify(_ tokenText: String, now: Timestamp, remoteAddress: String) throws -> TokenEntry? {
    guard case .valid(let known) = try identification(tokenText, now: now, remoteAddress: remoteAddress) else {
      return nil
    }
    return known.entry
  }

  /// The live token of that text, wherever it may be used from.
  package func lookup(_ tokenText: String, now: Timestamp) throws -> TokenEntry? {
    try find(tokenText, now: now)?.entry
  }

  private func find(_ tokenText: String, now: Timestamp) throws -> KnownToken? {
    if tokenText.isEmpty { return nil }
    let secrets = try secrets()
    guard TokenSecrets.isBatch(tokenText) else { return try live(secrets.key(tokenText), now: now) }
    guard var entry = secrets.open(tokenText), entry.lives(now) else { return nil }
    if let parent = entry.parent {
      guard let holder = try live(parent.key, now: now), holder.entry.accessor == parent.accessor else { return nil }
    }
    entry.clientID = clientID(entry)
    // What is not stored has no commit, and nothing is ever committed over it.
    return KnownToken(entry: entry, index: 0)
  }

  package func entry(accessor: String, now: Timestamp) throws -> TokenEntry? {
    guard let key = try key(accessor: accessor) else { return nil }
    return try live(key, now: now)?.entry
  }

  /// The token as it stands now, even while its last use is being made; nil where it is gone.
  package func current(_ entry: TokenEntry) throws -> TokenEntry? {
    if entry.type == .batch { return entry }
    guard let known = try load(entry.key), known.entry.accessor == entry.accessor else { return nil }
    return known.entry
  }

  /// True where that is the token's own text.
  func isText(_ tokenText: String, of entry: TokenEntry) throws -> Bool { try secrets().key(tokenText) == entry.key }

  /// Calls `body` for every token that is stored, dead ones that were not removed yet among them.
  package func forEachStored(_ body: (TokenEntry) throws -> Void) throws {
    try eachName(below: TokenPaths.tokens) { key in if let known = try read(key) { try body(known.entry) } }
  }

  /// The accessors of all tokens that are stored, sorted.
  package func accessors() throws -> [String] {
    var found: [String] = []
    try eachName(below: TokenPaths.accessors) { name in
      if let stored = try store.get(TokenPaths.accessors + name), let record = AccessorRecord(stored.bytes) {
        found.append(record.accessor)
      }
    }
    return found.sorted()
  }

  // MARK: Uses

  /// Takes one of the uses that are left: false where more are left (or any number), true where this was the last,
  /// after which the token
  /// must be revoked; nil where none was left.
  package func spendUse(_ entry: TokenEntry) throws -> Bool? {
    if entry.type == .batch || entry.numberOfUses == 0 { return false }
    while true {
      guard let known = try load(entry.key), known.entry.accessor == entry.accessor else { return nil }
      var spent = known.entry
      guard spent.numberOfUses > 0 else { return spent.numberOfUses == 0 ? false : nil }
      let isLast = spent.numberOfUses == 1
      spent.numberOfUses = isLast ? -1 : spent.numberOfUses - 1
      var batch = WriteBatch()
      batch.put(TokenPaths.token(entry.key), TokenRecord.encode(spent))
      // Should this process end before the revocation, the next one catches up on it.
      if isLast { batch.put(TokenPaths.revocation(entry.key), TokenPaths.mark) }
      if try commit(batch, over: [known]) { return isLast }
    }
  }

  // MARK: Reading

  /// The token with that key, dead or alive.
  func load(_ key: String) throws -> KnownToken? {
    if let known = cache.find(key) { return known }
    let ticket = cache.ticket(key)
    guard let known = try read(key) else { return nil }
    cache.insert(key, known, ticket: ticket)
    return known
  }

  /// The same past the cache.
  func read(_ key: String) throws -> KnownToken? {
    guard let stored = try store.get(TokenPaths.token(key)) else { return nil }
    guard var entry = TokenRecord.decode(stored.bytes, key: key) else {
      throw StoreError.damaged("a token's record cannot be read")
    }
    entry.clientID = clientID(entry)
    return KnownToken(entry: entry, index: stored.index)
  }

  /// The token with that key, where it and everything it depends on is alive.
  func live(_ key: String, now: Timestamp) throws -> KnownToken? {
    guard let known = try load(key), Self.isAlive(known.entry, now) else { return nil }
    var parent = known.entry.parent
    while let link = parent {
      guard let holder = try load(link.key)?.entry, holder.accessor == link.accessor, Self.isAlive(holder, now) else {
        return nil
      }
      parent = holder.parent
    }
    return known
  }

  private static func isAlive(_ entry: TokenEntry, _ now: Timestamp) -> Bool {
    entry.numberOfUses >= 0 && entry.lives(now)
  }

  func key(accessor: String) throws -> String? {
    if accessor.isEmpty { return nil }
    guard let stored = try store.get(TokenPaths.accessor(try secrets().key(accessor))) else { return nil }
    return AccessorRecord(stored.bytes)?.key
  }

  func clientID(_ entry: TokenEntry) -> String {
    entry.entityID.isEmpty ? TokenSecrets.clientID(policies: entry.policies) : entry.entityID
  }

  /// Calls `body` for every name right below the folder, reading few at a time.
  func eachName(below folder: String, _ body: (String) throws -> Void) throws {
    var after: String?
    while true {
      let names = try store.list(folder, after: after, limit: Self.pageSize)
      for name in names { try body(name) }
      guard names.count == Self.pageSize, let last = names.last else { return }
      after = last
    }
  }

  static let pageSize = 256

  // MARK: Writing

  /// Commits on condition that the tokens are as they were read; false where they are not, and nothing was written.
  func commit(_ batch: WriteBatch, over tokens: [KnownToken], absent: [String] = []) throws -> Bool {
    var batch = batch
    for token in tokens {
      batch.preconditions.append(.unchanged(key: TokenPaths.token(token.entry.key), since: token.index))
    }
    for key in absent { batch.preconditions.append(.absent(key: TokenPaths.token(key))) }
    // Forgotten whether or not the commit succeeds: after a failure nobody knows what was written, after a conflict
    // the cache was wrong.
    defer { for token in tokens { cache.forget(token.entry.key) } }
    do {
      _ = try store.commit(batch)
      return true
    } catch {
      if error == .conflict { return false }
      throw error
    }
  }

  func secrets() throws -> TokenSecrets {
    if let secrets = known.withLock({ $0 }) { return secrets }
    let secrets = try readSecrets()
    known.withLock { $0 = secrets }
    return secrets
  }

  private func readSecrets() throws -> TokenSecrets {
    while true {
      if let stored = try store.get(TokenPaths.keys) {
        guard let secrets = TokenSecrets(stored.bytes) else {
          throw StoreError.damaged("the keys of the tokens cannot be read; restore them from a snapshot")
        }
        return secrets
      }
      var batch = WriteBatch()
      batch.put(TokenPaths.keys, random.bytes(TokenSecrets.byteCount))
      batch.preconditions = [.absent(key: TokenPaths.keys)]
      do { _ = try store.commit(batch) } catch { if error != .conflict { throw error } }
    }
  }
}

/// What an accessor leads to.
struct AccessorRecord {
  var key: String
  var accessor: String

  init(key: String, accessor: String) {
    self.key = key
    self.accessor = accessor
  }

  init?(_ bytes: [UInt8]) {
    let parts = bytes.split(separator: UInt8(ascii: "\n"))
    guard parts.count == 2 else { return nil }
    key = String(decoding: parts[0], as: UTF8.self)
    accessor = String(decoding: parts[1], as: UTF8.self)
  }

  var bytes: [UInt8] { Array("\(key)\n\(accessor)".utf8) }
}

extension TokenPaths {
  /// The value of keys that say all there is to say by being there.
  static let mark: [UInt8] = [1]
}
