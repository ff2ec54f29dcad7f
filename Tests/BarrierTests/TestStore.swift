import Primitives
import StorageAPI

/// A store in a dictionary whose contents a test can look at and damage, and whose commits fail when told.
final class TestStore: PhysicalStore {
  enum Failure: Sendable {
    /// Nothing is written.
    case before
    /// Everything is written, but the caller is told otherwise, as when an answer is lost.
    case after
  }

  struct State: Sendable {
    var values: [String: StoredValue] = [:]
    var index: CommitIndex = 0
    var commits = 0
    var failures: [Int: Failure] = [:]
    /// Runs once, before the next commit is applied.
    var interruption: (@Sendable () -> Void)?
  }

  let state: Locked<State>

  init(_ values: [String: StoredValue] = [:], index: CommitIndex = 0) {
    state = Locked(State(values: values, index: index))
  }

  var values: [String: StoredValue] { state.withLock { $0.values } }
  func copy() -> TestStore { state.withLock { TestStore($0.values, index: $0.index) } }
  func set(_ key: String, _ bytes: [UInt8]?) {
    state.withLock { state in
      state.index += 1
      state.values[key] = bytes.map { StoredValue(bytes: $0, index: state.index) }
    }
  }
  /// The commit after `count` more fails.
  func fail(after count: Int = 0, _ failure: Failure = .before) {
    state.withLock { $0.failures[$0.commits + count] = failure }
  }
  func interruptNextCommit(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.interruption = body } }

  func get(_ key: String) throws(StoreError) -> StoredValue? { state.withLock { $0.values[key] } }

  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    var names: Set<String> = []
    for key in values.keys where key.hasPrefix(prefix) {
      let rest = key.dropFirst(prefix.count)
      names.insert(rest.firstIndex(of: "/").map { String(rest[...$0]) } ?? String(rest))
    }
    return Array(names.sorted().drop { name in after.map { name <= $0 } ?? false }.prefix(limit))
  }

  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex {
    let interruption = state.withLock { state in
      defer { state.interruption = nil }
      return state.interruption
    }
    interruption?()
    return try state.withLock { state throws(StoreError) in
      let failure = state.failures[state.commits]
      state.commits += 1
      if case .before = failure { throw .full }
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
        case .deletePrefix(let prefix): state.values = state.values.filter { !$0.key.hasPrefix(prefix) }
        }
      }
      if case .after = failure { throw .unavailable("the answer was lost") }
      return state.index
    }
  }

  func close() {}
}
