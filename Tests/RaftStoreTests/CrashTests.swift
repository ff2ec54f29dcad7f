import Glibc
import Primitives
import StorageAPI
import Testing

@testable import RaftStore

/// A store on a simulated disk, and what it may hold.
private struct Trial {
  let random: RandomSource
  let disk: SimulatedDisk
  let state: SimulatedState
  let workload: Workload
  var model = Model()
  /// What the store may hold instead of the model after a crash: groups that got no answer or an unsure one.
  var alternatives: [Model] = []
  var crashes = 0
  var commits = 0

  init(seed: UInt64) {
    random = .seeded(seed)
    disk = SimulatedDisk(random: random)
    state = SimulatedState(disk: disk)
    workload = Workload(random: random)
  }

  func open() throws(StoreError) -> RaftStore {
    var settings = RaftStoreSettings(folder: "/data", nodeID: "n1")
    settings.trailingLogs = Int(random.below(4))
    return try RaftStore(
      settings, files: disk, state: state, segmentBytes: 1024, random: random, report: { _, _ in })
  }

  /// Holds the opened store against what may be in it, and settles which it is.
  mutating func settle(_ store: RaftStore, _ seed: UInt64) throws {
    let found = try store.walk()
    let index = store.status.committedIndex
    guard let match = ([model] + alternatives).first(where: { $0.values == found && $0.index == index }) else {
      Issue.record("seed \(seed): the store holds what nobody committed, or lacks what was acknowledged")
      return
    }
    model = match
    alternatives = []
  }

  /// Puts new contents in the place of everything; returns false where the disk has stopped.
  private mutating func replaceAll(_ store: RaftStore, _ seed: UInt64) -> Bool {
    var contents: [String: [UInt8]] = [:]
    for _ in 0..<random.below(4) { contents[workload.key()] = random.bytes(Int(random.below(30))) }
    var next = Model(values: [:], index: model.index + 1)
    for (key, value) in contents { next.values[Array(key.utf8)] = StoredValue(bytes: value, index: next.index) }
    // The log has an entry for the step before the state has taken it.
    var untaken = model
    untaken.index += 1
    do throws(StoreError) {
      let index = try store.replaceAll(contents.map { ($0.key, $0.value) })
      if index != next.index { Issue.record("seed \(seed): the contents were replaced at another place") }
      model = next
      alternatives = []
      return true
    } catch {
      if store.status.committedIndex == model.index && error == .full { return true }
      if store.status.committedIndex == untaken.index && error == .full {
        model = untaken
        return true
      }
      alternatives += [next, untaken]
      return false
    }
  }

  /// Runs commits and flushes until the disk stops; returns false where an answer was wrong.
  mutating func run(_ store: RaftStore, steps: Int, _ seed: UInt64) {
    for _ in 0..<steps {
      if random.below(5) == 0 { try? store.flush() }
      if random.below(12) == 0 {
        guard replaceAll(store, seed) else { return }
        continue
      }
      let group = (0...random.below(3)).map { _ in workload.batch(model) }
      var next = model
      let expected = next.commit(group: group)
      let outcomes = store.commit(group: group)
      if outcomes == expected {
        commits += 1
        if next.index != model.index { alternatives = [] }
        model = next
        continue
      }
      if outcomes.allSatisfy({ $0 == .failure(.full) }) { continue }
      guard outcomes.allSatisfy({ if case .failure(.unavailable) = $0 { true } else { false } }) else {
        Issue.record("seed \(seed): \(outcomes) instead of \(expected)")
        return
      }
      alternatives.append(next)
      if disk.state.withLock({ $0.hasCrashed }) { return }
    }
  }
}

@Suite struct CrashTests {
  @Test(arguments: 0..<8) func acknowledgedCommitsSurviveACrashAtAnyOperation(part: UInt64) throws {
    var crashes = 0
    var commits = 0
    for seed in part * 300..<(part + 1) * 300 {
      var trial = Trial(seed: seed)
      for _ in 0..<4 {
        trial.disk.stopAfter(Int(trial.random.below(trial.random.below(2) == 0 ? 12 : 120)))
        if let store = try? trial.open() {
          trial.run(store, steps: 40, seed)
          store.close()
        }
        crashes += trial.disk.state.withLock { $0.hasCrashed } ? 1 : 0
        trial.disk.restart(powerLoss: trial.random.below(2) == 0)
        let store = try trial.open()
        try trial.settle(store, seed)
        trial.run(store, steps: Int(trial.random.below(6)), seed)
        // Without a close the process was killed here.
        if trial.random.below(2) == 0 { store.close() }
        if trial.random.below(2) == 0 { trial.disk.restart(powerLoss: true) }
      }
      commits += trial.commits
    }
    #expect(crashes > 1000)
    #expect(commits > 5000)
  }

  @Test func aFullDiskRefusesAndRecovers() throws {
    var refusals = 0
    for seed in UInt64(10_000)..<10_400 {
      var trial = Trial(seed: seed)
      var store = try trial.open()
      for _ in 0..<6 {
        let lateness = trial.random.below(2) == 0
        let room = Int(trial.random.below(3)) * 700
        trial.disk.state.withLock { state in
          state.allocatesLate = lateness
          state.room = room
        }
        trial.run(store, steps: 12, seed)
        refusals += Int(store.statistics.failures)
        if trial.random.below(2) == 0 {
          // Killed while the disk is full.
          trial.disk.state.withLock { $0.room = nil }
          trial.disk.restart(powerLoss: trial.random.below(2) == 0)
          store = try trial.open()
          try trial.settle(store, seed)
        }
        trial.disk.state.withLock { $0.room = nil }
        // The state goes first: until it has let the log go, the log takes no new room.
        try store.flush()
        let outcome = store.commit(group: [WriteBatch(writes: [.put(key: "room", value: [1])])])
        #expect(outcome == trial.model.commit(group: [WriteBatch(writes: [.put(key: "room", value: [1])])]))
        trial.alternatives = []
        try store.flush()
        #expect(try store.walk() == trial.model.values)
      }
    }
    #expect(refusals > 400)
  }

  @Test func afterAFailedSyncNothingIsTakenUntilTheStoreIsOpenedAgain() throws {
    for seed in UInt64(20_000)..<20_150 {
      var trial = Trial(seed: seed)
      var store = try trial.open()
      trial.run(store, steps: 5, seed)
      trial.disk.state.withLock { $0.failsNextSync = true }
      let batch = WriteBatch(writes: [.put(key: "k", value: [1])])
      var next = trial.model
      _ = next.commit(group: [batch])
      for _ in 0..<2 {
        #expect(throws: StoreError.self) { try store.commit(batch) }
        #expect(try store.walk() == trial.model.values)
      }
      trial.alternatives = [next]
      store.close()
      store = try trial.open()
      try trial.settle(store, seed)
      // What the new process has shown must stay, though the kernel took it for written when it was not.
      trial.disk.restart(powerLoss: true)
      store = try trial.open()
      try trial.settle(store, seed)
      trial.run(store, steps: 3, seed)
      #expect(try store.walk() == trial.model.values)
    }
  }
}
