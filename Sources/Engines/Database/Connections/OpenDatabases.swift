internal import Primitives
internal import StorageAPI

/// The databases that are open, by the name of their connection. One is opened when it is used first, and again when its
/// connection has been written since.
final class OpenDatabases: Sendable {
  private struct Open {
    var index: CommitIndex
    var plugin: any DatabasePlugin
  }

  private struct State {
    var open: [String: Open] = [:]
    var isClosed = false
  }

  private let state = Locked(State())

  /// - Parameter index: when the connection was written.
  func database(
    _ name: String, at index: CommitIndex, open: () throws(DatabaseError) -> any DatabasePlugin
  ) throws(DatabaseError) -> any DatabasePlugin {
    if let known = state.withLock({ $0.open[name] }), known.index == index { return known.plugin }
    let fresh = try open()
    let (chosen, superfluous) = state.withLock { state -> (any DatabasePlugin, (any DatabasePlugin)?) in
      // Somebody else may have been faster.
      if let known = state.open[name], known.index == index { return (known.plugin, fresh) }
      if state.isClosed { return (fresh, nil) }
      let former = state.open.updateValue(Open(index: index, plugin: fresh), forKey: name)
      return (fresh, former?.plugin)
    }
    superfluous?.close()
    return chosen
  }

  func close(_ name: String) {
    state.withLock { $0.open.removeValue(forKey: name) }?.plugin.close()
  }

  func closeAll() {
    let all = state.withLock { state in
      defer { state.open = [:] }
      state.isClosed = true
      return Array(state.open.values)
    }
    for open in all { open.plugin.close() }
  }
}
