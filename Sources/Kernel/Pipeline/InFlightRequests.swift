package import Primitives
internal import Tokens

/// The requests under way, for operators who wonder what a server is busy with. Kept in parts so that requests seldom wait for
/// one another.
package final class InFlightRequests: Sendable {
  private struct Part {
    var requests: [InboundRequest?] = []
    /// Places in `requests` that are empty.
    var free: [Int] = []
  }

  /// Where a request was put.
  struct Place {
    fileprivate let part: Int
    fileprivate let index: Int
  }

  private let parts: [Locked<Part>]

  init() { parts = (0..<16).map { _ in Locked(Part()) } }

  func begin(_ request: InboundRequest) -> Place {
    // Ids are random, so that any digit does.
    let part = Int(request.id.utf8.first ?? 0) % parts.count
    let index = parts[part].withLock { part in
      if let index = part.free.popLast() {
        part.requests[index] = request
        return index
      }
      part.requests.append(request)
      return part.requests.count - 1
    }
    return Place(part: part, index: index)
  }

  func end(_ place: Place) {
    parts[place.part].withLock { part in
      part.requests[place.index] = nil
      part.free.append(place.index)
    }
  }

  /// Oldest first.
  package var all: [InboundRequest] {
    parts.flatMap { part in part.withLock { $0.requests.compactMap { $0 } } }.sorted { $0.received < $1.received }
  }
}

extension ActiveState {
  /// Whose request that is, as the audit log names clients; empty where it has no token that is good still. Looked up when somebody
  /// asks, so that requests do not pay for it.
  package func clientID(of request: InboundRequest, now: Timestamp) throws -> String {
    try tokens.identify(request.token, now: now, remoteAddress: request.remoteAddress)?.clientID ?? ""
  }
}
