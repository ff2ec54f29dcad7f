package import Primitives
package import StorageAPI

/// The token that a lease ends with.
package struct LeaseHolder: Sendable, Equatable {
  /// A digest of the token's accessor, which tells it from a later token of the same text.
  package let id: String
  fileprivate let key: String
  fileprivate let accessor: String
}

extension TokenStore {
  /// Whom what is made with that token ends with: the token itself, or the parent of a batch token, which is not
  /// stored. Nil for a batch token without parent.
  package func holder(of entry: TokenEntry) throws -> LeaseHolder? {
    if entry.type == .service {
      return LeaseHolder(id: try holderID(accessor: entry.accessor), key: entry.key, accessor: entry.accessor)
    }
    guard let parent = entry.parent else { return nil }
    return LeaseHolder(id: try holderID(accessor: parent.accessor), key: parent.key, accessor: parent.accessor)
  }

  /// Commits the batch on condition that the holder is still there, whose revocation then tells of what it holds.
  /// - Returns: false where it is gone; nothing was written.
  /// - Throws: `StoreError.conflict` where a precondition of the batch itself does not hold.
  package func commit(_ batch: WriteBatch, heldBy holder: LeaseHolder) throws -> Bool {
    let conditions = batch.preconditions
    while true {
      guard let known = try load(holder.key), known.entry.accessor == holder.accessor else { return false }
      var batch = batch
      if !known.entry.holdsLeases {
        var entry = known.entry
        entry.holdsLeases = true
        batch.put(TokenPaths.token(entry.key), TokenRecord.encode(entry))
      }
      if try commit(batch, over: [known]) { return true }
      for condition in conditions where try !holds(condition) { throw StoreError.conflict }
    }
  }

  private func holds(_ condition: WriteBatch.Precondition) throws(StoreError) -> Bool {
    switch condition {
    case .absent(let key): try store.get(key) == nil
    case .unchanged(let key, let since): try store.get(key)?.index == since
    }
  }

  package func holderExists(_ id: String) throws -> Bool { try store.get(TokenPaths.accessor(id)) != nil }

  package func holderID(accessor: String) throws -> String { try secrets().key(accessor) }
}

/// Tokens as the leases that they are to clients: `<path that made it>/h<key>`.
extension TokenStore {
  package static func isTokenLease(_ id: String) -> Bool { leaseParts(id) != nil }

  package func leaseID(of entry: TokenEntry) -> String {
    String(TokenPaths.origin(entry.path).dropFirst(TokenPaths.origins.utf8.count)) + "h" + entry.key
  }

  /// The live token that is the lease; nil where there is none, and for tokens without end, which are no leases.
  package func entry(leaseID: String, now: Timestamp) throws -> TokenEntry? {
    guard let (path, key) = Self.leaseParts(leaseID), let entry = try live(key, now: now)?.entry,
      entry.expireTime != nil, TokenPaths.origin(entry.path) == TokenPaths.origin(path)
    else { return nil }
    return entry
  }

  /// The names right below a path in the tree of token leases, in byte order: folders with "/" at their end, tokens as
  /// `h<key>`.
  package func leaseNames(below path: String) throws -> [String] {
    try store.list(TokenPaths.origin(path), after: nil, limit: .max).map {
      $0.utf8.last == UInt8(ascii: "/") ? $0 : "h" + $0
    }
  }

  /// How many tokens end in which hour since the epoch.
  package func countsByHour() throws -> [Int64: Int] {
    var counts: [Int64: Int] = [:]
    try eachName(below: TokenPaths.expiry) { folder in
      guard let hour = Int64(folder.dropLast()) else { return }
      try eachName(below: TokenPaths.expiry + folder) { _ in counts[hour, default: 0] += 1 }
    }
    return counts
  }

  private static func leaseParts(_ id: String) -> (path: String, key: String)? {
    guard let slash = id.lastIndex(of: "/") else { return nil }
    let name = id[id.index(after: slash)...].utf8
    guard name.count == 65, name.first == UInt8(ascii: "h"), name.dropFirst().allSatisfy(isHex) else { return nil }
    return (String(id[..<slash]), String(name.dropFirst()) ?? "")
  }

  private static func isHex(_ c: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(c) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(c)
  }
}
