import MemoryStore
import Primitives
import StorageAPI

/// A store in memory that outlives nodes, counts its commits, and dies at a commit that is told.
final class Disk: PhysicalStore {
  private struct State {
    var commits = 0
    var commitsLeft: Int?
  }

  private let inner = MemoryStore()
  private let state = Locked(State())

  var commits: Int { state.withLock { $0.commits } }

  /// Every commit after that many fails; nil ends it.
  func dieAfter(commits: Int?) { state.withLock { $0.commitsLeft = commits } }

  func get(_ key: String) throws(StoreError) -> StoredValue? { try inner.get(key) }

  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    try inner.list(prefix, after: after, limit: limit)
  }

  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex {
    let isRefused = state.withLock { state in
      guard let left = state.commitsLeft, left <= 0 else {
        state.commitsLeft = state.commitsLeft.map { $0 - 1 }
        state.commits += 1
        return false
      }
      return true
    }
    if isRefused { throw .unavailable("the disk is gone") }
    return try inner.commit(batch)
  }

  /// Nodes come and go; the disk stays.
  func close() {}

  /// Every key below the prefix.
  func keys(_ prefix: String = "") throws -> [String] {
    try inner.list(prefix, after: nil, limit: .max).flatMap { name in
      name.hasSuffix("/") ? try keys(prefix + name) : [prefix + name]
    }
  }
}
