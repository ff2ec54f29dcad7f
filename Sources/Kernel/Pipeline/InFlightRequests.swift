package import Primitives
internal import Tokens

/// The requests under way, for operators who wonder what a server is busy with. Kept in parts so that requests seldom wait for
/// one another.
package final class InFlightRequests: Sendable {
  package struct Entry: Sendable {
    package let id: String
    package let path: String
    package let operation: String
    package let remoteAddress: String
    package let remotePort: Int
    package let start: Timestamp
    /// As it came, and good or not.
    let token: String
  }

  private let parts: [Locked<[String: Entry]>]

  init() { parts = (0..<16).map { _ in Locked([:]) } }

  private func part(_ id: String) -> Locked<[String: Entry]> {
    // Ids are random, so that any digit does.
    parts[Int(id.utf8.first.map { $0 } ?? 0) % parts.count]
  }

  func begin(_ entry: Entry) { part(entry.id).withLock { $0[entry.id] = entry } }
  func end(_ id: String) { part(id).withLock { $0[id] = nil } }

  /// Oldest first.
  package var all: [Entry] {
    parts.flatMap { part in part.withLock { Array($0.values) } }.sorted { $0.start < $1.start }
  }
}

extension ActiveState {
  /// Whose request that is, as the audit log names clients; empty where it has no token that is good still. Looked up when somebody
  /// asks, so that requests do not pay for it.
  package func clientID(of entry: InFlightRequests.Entry, now: Timestamp) throws -> String {
    try tokens.identify(entry.token, now: now, remoteAddress: entry.remoteAddress)?.clientID ?? ""
  }
}
