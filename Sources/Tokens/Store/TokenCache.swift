package import EngineAPI
package import Primitives
internal import StorageAPI

/// A token as one commit left it: one object for all requests that come with it as long as the cache has it.
package final class KnownToken: Sendable {
  package let entry: TokenEntry
  /// The commit that wrote it.
  let index: CommitIndex
  /// How engines see whoever holds the token.
  package let principal: Principal
  package var isRoot: Bool { principal.isRoot }
  /// What others have worked out of the token and want to find again with it.
  package let note = Locked<(any Sendable)?>(nil)

  init(entry: TokenEntry, index: CommitIndex) {
    self.entry = entry
    self.index = index
    principal = Principal(
      displayName: entry.displayName, accessor: entry.accessor, policies: entry.policies, entityID: entry.entityID,
      type: entry.type, metadata: entry.metadata ?? [:], cubbyholeID: entry.cubbyholeID, clientID: entry.clientID,
      isRoot: entry.isRoot, expires: entry.expireTime)
  }
}

/// Tokens that were used lately, at most `capacity` of them.
///
/// Whoever reads a token from storage takes a ticket first and may put it here only while no write to its part of the
/// cache came between,
/// so that a token that was changed or revoked meanwhile is never remembered as it was.
final class TokenCache: Sendable {
  private struct Part {
    // When `recent` is full it becomes `older`, and what was in `older` is forgotten unless it was used since.
    var recent: [String: KnownToken] = [:]
    var older: [String: KnownToken] = [:]
    var writes: UInt64 = 0
  }

  private static let partCount = 32
  private let parts: [Locked<Part>]
  private let partCapacity: Int

  init(capacity: Int = 32_768) {
    parts = (0..<Self.partCount).map { _ in Locked(Part()) }
    partCapacity = max(1, capacity / Self.partCount / 2)
  }

  func find(_ key: String) -> KnownToken? {
    part(key).withLock { part in
      if let known = part.recent[key] { return known }
      guard let known = part.older[key] else { return nil }
      remember(key, known, in: &part)
      return known
    }
  }

  func ticket(_ key: String) -> UInt64 { part(key).withLock { $0.writes } }

  func insert(_ key: String, _ known: KnownToken, ticket: UInt64) {
    part(key).withLock { part in
      if part.writes == ticket { remember(key, known, in: &part) }
    }
  }

  /// To be called after a commit that wrote the token, before anybody is told of it.
  func forget(_ key: String) {
    part(key).withLock { part in
      part.writes &+= 1
      part.recent[key] = nil
      part.older[key] = nil
    }
  }

  private func remember(_ key: String, _ known: KnownToken, in part: inout Part) {
    if part.recent.count >= partCapacity {
      part.older = part.recent
      part.recent = [:]
    }
    part.recent[key] = known
    part.older[key] = nil
  }

  private func part(_ key: String) -> Locked<Part> { parts[abs(key.hashValue % Self.partCount)] }
}
