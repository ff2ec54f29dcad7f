package import AuditAPI
internal import Primitives

/// A connection that is opened when it is first needed, kept, and opened anew when the other side went away.
package final class KeptConnection: Sendable {
  private struct State {
    var connection: Connection?
    var isClosed = false
  }

  private let open: @Sendable () throws(AuditDeviceError) -> Connection
  private let state = Locked(State())

  package init(open: @escaping @Sendable () throws(AuditDeviceError) -> Connection) { self.open = open }

  /// Sends all through one connection. Where a kept one fails, the whole is sent once more through a new one: the
  /// receiver may have a part of it twice, and misses none.
  package func send(_ body: (Connection) throws(AuditDeviceError) -> Void) throws(AuditDeviceError) {
    if let kept = state.withLock({ $0.connection }), kept.isUp {
      do throws(AuditDeviceError) { return try body(kept) } catch { drop() }
    }
    let fresh = try open()
    try body(fresh)
    state.withLock { $0.connection = $0.isClosed ? nil : fresh }
  }

  /// The next entry goes through a new connection.
  package func drop() { state.withLock { $0.connection = nil } }

  package func close() {
    state.withLock { state in
      state.connection = nil
      state.isClosed = true
    }
  }

  package var isClosed: Bool { state.withLock { $0.isClosed } }
}

extension [UInt8] {
  /// The entries of a write, each with its line feed.
  package var entries: [ArraySlice<UInt8>] {
    var out: [ArraySlice<UInt8>] = []
    var rest = self[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      out.append(rest[...end])
      rest = rest[(end + 1)...]
    }
    if !rest.isEmpty { out.append(rest) }
    return out
  }
}
