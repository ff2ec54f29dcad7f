import Primitives
import StorageAPI

/// A store in memory that counts its reads and can be told to fail a commit.
final class MemoryLogicalStore: LogicalStore {
  struct State {
    var values: [String: StoredValue] = [:]
    var index: CommitIndex = 0
    var reads = 0
    var commits = 0
    /// The number of the commit that fails, and all after it.
    var failsFrom: Int?
  }

  let state = Locked(State())

  func get(_ key: String) throws(StoreError) -> StoredValue? {
    state.withLock { state in
      state.reads += 1
      return state.values[key]
    }
  }

  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    state.withLock { state in
      var names: Set<String> = []
      for key in state.values.keys where key.hasPrefix(prefix) && key.utf8.count > prefix.utf8.count {
        let rest = key.dropFirst(prefix.count)
        names.insert(rest.firstIndex(of: "/").map { String(rest[...$0]) } ?? String(rest))
      }
      let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      let following = sorted.filter { name in after.map { $0.utf8.lexicographicallyPrecedes(name.utf8) } ?? true }
      return Array(following.prefix(limit))
    }
  }

  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex {
    try state.withLock { (state) throws(StoreError) -> CommitIndex in
      state.commits += 1
      if let from = state.failsFrom, state.commits >= from { throw .unavailable("closed for the test") }
      for precondition in batch.preconditions {
        switch precondition {
        case .absent(let key): if state.values[key] != nil { throw .conflict }
        case .unchanged(let key, let since): if state.values[key]?.index != since { throw .conflict }
        }
      }
      state.index += 1
      for write in batch.writes {
        switch write {
        case .put(let key, let value): state.values[key] = StoredValue(bytes: value, index: state.index)
        case .delete(let key): state.values[key] = nil
        case .deletePrefix(let prefix):
          for key in state.values.keys where key.hasPrefix(prefix) { state.values[key] = nil }
        }
      }
      return state.index
    }
  }

  var keys: [String] { state.withLock { $0.values.keys.sorted() } }

  func readsDuring(_ body: () throws -> Void) rethrows -> Int {
    let before = state.withLock { $0.reads }
    try body()
    return state.withLock { $0.reads } - before
  }
}
