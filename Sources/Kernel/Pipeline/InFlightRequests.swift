package import Primitives
internal import Tokens

/// The requests under way, for operators who wonder what a server is busy with.
package final class InFlightRequests: Sendable {
  private struct Part {
    var requests: [InboundRequest?] = []
    /// Places in `requests` that are empty.
    var free: [Int] = []
  }

  /// Where a request was put.
  struct Place {
    fileprivate let stripe: Int
    fileprivate let index: Int
  }

  private let parts = Striped { Part() }

  func begin(_ request: InboundRequest) -> Place {
    let stripe = parts.own
    let index = parts.with(stripe) { part in
      if let index = part.free.popLast() {
        part.requests[index] = request
        return index
      }
      part.requests.append(request)
      return part.requests.count - 1
    }
    return Place(stripe: stripe, index: index)
  }

  func end(_ place: Place) {
    parts.with(place.stripe) { part in
      part.requests[place.index] = nil
      part.free.append(place.index)
    }
  }

  /// Oldest first.
  package var all: [InboundRequest] {
    var all: [InboundRequest] = []
    parts.forEach { all += $0.requests.compactMap { $0 } }
    return all.sorted { $0.received < $1.received }
  }
}

extension ActiveState {
  /// Whose request that is, as the audit log names clients; empty where it has no token that is good still. Looked up when somebody
  /// asks, so that requests do not pay for it.
  package func clientID(of request: InboundRequest, now: Timestamp) throws -> String {
    try tokens.identify(request.token, now: now, remoteAddress: request.remoteAddress)?.clientID ?? ""
  }
}
