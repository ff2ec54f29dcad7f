import Primitives

/// The moves of mounts that clients ask about by their id. A move is one commit here and is done when it is answered.
package final class MountMigrations: Sendable {
  package struct Migration: Sendable {
    package let source: String
    package let target: String
    package let status: String

    package init(source: String, target: String, status: String) {
      self.source = source
      self.target = target
      self.status = status
    }
  }

  private static let remembered = 1000
  private let state = Locked((order: [String](), byID: [String: Migration]()))

  package func record(_ id: String, _ migration: Migration) {
    state.withLock { state in
      state.order.append(id)
      state.byID[id] = migration
      if state.order.count > Self.remembered { state.byID[state.order.removeFirst()] = nil }
    }
  }

  package subscript(id: String) -> Migration? { state.withLock { $0.byID[id] } }
}
