package import Primitives
internal import StorageAPI

extension TokenStore {
  /// Ends the token and every token that depends on it. They are dead when the first batch is committed; the rest is
  /// removed in batches of bounded size,
  /// and by the next start where that is interrupted.
  package func revoke(_ entry: TokenEntry) throws {
    if entry.type == .batch { return }
    guard let known = try read(entry.key), known.entry.accessor == entry.accessor else { return }
    try revoke(key: entry.key)
  }

  /// As `revoke`, by the token's text. False where there is no such token.
  package func revoke(tokenText: String) throws -> Bool {
    let key = try secrets().key(tokenText)
    guard try read(key) != nil else { return false }
    try revoke(key: key)
    return true
  }

  /// Ends the token alone; its children live on as orphans.
  package func revokeOrphan(_ entry: TokenEntry) throws {
    try orphanChildren(of: entry)
    while let known = try read(entry.key), known.entry.accessor == entry.accessor {
      var batch = WriteBatch()
      batch.writes = removal(known.entry)
      guard try commit(batch, over: [known]) else { continue }
      announceRevocation([known.entry])
      break
    }
    // None can come any more: a child is only made on condition that its parent is there.
    try orphanChildren(of: entry)
  }

  /// Ends every token that came from the API path or from below it, such as all logins of an auth mount, with what
  /// depends on them.
  package func revokePrefix(_ path: String) throws {
    try eachOrigin(below: TokenPaths.origin(path)) { key in try revoke(key: key) }
  }

  /// Removes what storage holds of tokens that are dead: ended ones that were missed, and those whose parent is gone.
  package func tidy(now: Timestamp) throws {
    // Marks of tokens that are still there belong to requests that make their last use of them.
    try eachName(below: TokenPaths.revocations) { key in
      if try read(key) == nil { try finishRevocation(key) }
    }
    var removed = 0
    try eachName(below: TokenPaths.tokens) { key in
      if expiry.withLock({ $0.isStopping }) { return }
      if try live(key, now: now) != nil { return }
      // A token whose last use is being made is revoked by the request that makes it.
      if let known = try read(key), known.entry.numberOfUses < 0, known.entry.lives(now) { return }
      try revoke(key: key)
      removed += 1
    }
    log("tidying tokens is done: \(removed) removed")
  }

  func revoke(key: String) throws {
    while let known = try read(key) {
      var batch = WriteBatch()
      batch.writes = removal(known.entry)
      if try hasChildren(key) { batch.put(TokenPaths.revocation(key), TokenPaths.mark) }
      guard try commit(batch, over: [known]) else { continue }
      announceRevocation([known.entry])
      break
    }
    expiry.withLock { $0.queue.cancel(key) }
    try finishRevocation(key)
  }

  /// Takes up every revocation that was interrupted.
  func finishRevocations() throws {
    try eachName(below: TokenPaths.revocations) { key in
      // A token that can be used is a later one of the same id.
      if let known = try read(key), known.entry.numberOfUses < 0 {
        try revoke(key: key)
      } else {
        try finishRevocation(key)
      }
    }
  }

  /// Removes everything below a token that is gone, from the top down. Children of a later token of the same id stay.
  func finishRevocation(_ key: String) throws {
    var open = [key]
    while let parent = open.popLast() {
      let mark = try store.get(TokenPaths.revocation(parent))
      var after: String?
      while true {
        let children = try store.list(TokenPaths.children(parent), after: after, limit: Self.removalsPerBatch)
        if !children.isEmpty { open += try remove(children, of: parent) }
        guard children.count == Self.removalsPerBatch, let last = children.last else { break }
        after = last
      }
      guard let mark else { continue }
      var batch = WriteBatch()
      batch.delete(TokenPaths.revocation(parent))
      batch.preconditions = [.unchanged(key: TokenPaths.revocation(parent), since: mark.index)]
      do { _ = try store.commit(batch) } catch { if error != .conflict { throw error } }
    }
  }

  /// Removes those of the children that depend on a token that is gone, in one batch; returns those that have children
  /// themselves.
  private func remove(_ children: [String], of parent: String) throws -> [String] {
    while true {
      var found: [(key: String, known: KnownToken?)] = []
      for child in children { found.append((child, try read(child))) }
      // Read after the children: whichever token they depend on was there before them.
      let holder = try read(parent)?.entry.accessor
      var batch = WriteBatch()
      var dead: [KnownToken] = []
      var others: [KnownToken] = []
      var next: [String] = []
      for (child, known) in found {
        guard let known else {
          batch.delete(TokenPaths.children(parent) + child)
          batch.preconditions.append(.absent(key: TokenPaths.token(child)))
          continue
        }
        guard let link = known.entry.parent, link.key == parent else {
          batch.delete(TokenPaths.children(parent) + child)
          others.append(known)
          continue
        }
        if link.accessor == holder { continue }
        dead.append(known)
        batch.writes += removal(known.entry)
        if try hasChildren(child) {
          batch.put(TokenPaths.revocation(child), TokenPaths.mark)
          next.append(child)
        }
      }
      if batch.isEmpty { return [] }
      guard try commit(batch, over: dead + others) else { continue }
      announceRevocation(dead.map(\.entry))
      expiry.withLock { state in for token in dead { state.queue.cancel(token.entry.key) } }
      return next
    }
  }

  private func orphanChildren(of parent: TokenEntry) throws {
    var after: String?
    while true {
      let children = try store.list(TokenPaths.children(parent.key), after: after, limit: Self.removalsPerBatch)
      if !children.isEmpty {
        var batch = WriteBatch()
        var orphans: [KnownToken] = []
        for child in children {
          guard let known = try read(child), known.entry.parent?.accessor == parent.accessor else { continue }
          var orphan = known.entry
          orphan.parent = nil
          orphans.append(known)
          batch.put(TokenPaths.token(child), TokenRecord.encode(orphan))
          batch.delete(TokenPaths.children(parent.key) + child)
        }
        guard try batch.isEmpty || commit(batch, over: orphans) else { continue }
      }
      guard children.count == Self.removalsPerBatch, let last = children.last else { return }
      after = last
    }
  }

  private func hasChildren(_ key: String) throws -> Bool {
    try !store.list(TokenPaths.children(key), after: nil, limit: 1).isEmpty
  }

  private func eachOrigin(below folder: String, _ body: (String) throws -> Void) throws {
    try eachName(below: folder) { name in
      if name.utf8.last == UInt8(ascii: "/") { try eachOrigin(below: folder + name, body) } else { try body(name) }
    }
  }

  /// The writes that leave nothing of a token but what depends on it.
  func removal(_ entry: TokenEntry) -> [WriteBatch.Write] {
    var batch = WriteBatch()
    batch.delete(TokenPaths.token(entry.key))
    if let secrets = try? secrets() { batch.delete(TokenPaths.accessor(secrets.key(entry.accessor))) }
    batch.delete(TokenPaths.revocation(entry.key))
    if let parent = entry.parent { batch.delete(TokenPaths.children(parent.key) + entry.key) }
    if let time = entry.expireTime {
      batch.delete(TokenPaths.expiry(entry.key, at: time))
      batch.delete(TokenPaths.origin(entry.path) + entry.key)
    }
    if !entry.cubbyholeID.isEmpty { batch.writes.append(.deletePrefix(cubbyholePrefix + entry.cubbyholeID + "/")) }
    return batch.writes + writesOnRevocation(entry)
  }

  private static let removalsPerBatch = 32
}

extension TokenStore {
  /// Tidies in the background; false where that is under way already.
  package func startTidying() -> Bool {
    let begins = expiry.withLock { state in
      if state.isTidying { return false }
      state.isTidying = true
      return true
    }
    if !begins { return false }
    let thread = BackgroundThread { [self] in
      do { try tidy(now: clock.now()) } catch { log("tidying tokens ended early: \(error)") }
      expiry.update { $0.isTidying = false }
    }
    if let thread { thread.detach() } else { expiry.update { $0.isTidying = false } }
    return true
  }
}
