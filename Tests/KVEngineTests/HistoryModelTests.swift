import EngineAPI
import JSONText
import Primitives
import Testing

@testable import KVEngine

#if canImport(Glibc)
  import Glibc
#endif

/// The rules written down naively: every version ever made, and what became of it.
private struct NaiveHistory {
  struct Entry {
    var value: Int64
    var deleted = false
    var destroyed = false
    var trimmed = false
  }
  var entries: [Entry] = []
  var limit: Int64 = 0
  var mountLimit: Int64 = 0

  var effectiveLimit: Int {
    let larger = max(limit, mountLimit)
    return larger == 0 ? 10 : Int(larger)
  }

  mutating func write(_ value: Int64, cas: Int64?) -> Bool {
    if let cas, cas != Int64(entries.count) { return false }
    entries.append(Entry(value: value))
    for index in entries.indices where index < entries.count - effectiveLimit { entries[index].trimmed = true }
    return true
  }
}

struct HistoryModelTests {
  @Test(arguments: 1...12 as ClosedRange<UInt64>) func histories(seed: UInt64) throws {
    let random = RandomSource.seeded(seed)
    func pick(_ bound: Int) -> Int { Int(random.below(UInt64(bound))) }
    let kv = try MountedKV(version: "2")
    var model = NaiveHistory()
    for step in 0..<300 {
      kv.step(.seconds(1))
      let number = Int64(pick(model.entries.count + 2))
      let index = Int(number) - 1
      switch pick(12) {
      case 0..<5:
        let cas: Int64? = pick(2) == 0 ? nil : Int64(model.entries.count + (pick(4) == 0 ? 1 : 0))
        var fields: JSONObject = ["data": ["v": .int(step)]]
        if let cas { fields["options"] = ["cas": .int(cas)] }
        let accepted = model.write(Int64(step), cas: cas)
        #expect(try kv.call(.update, "data/k", fields).status == (accepted ? 200 : 400))
      case 5:
        try kv.call(.update, "delete/k", ["versions": [.int(number)]])
        if model.entries.indices.contains(index) { model.entries[index].deleted = true }
      case 6:
        try kv.call(.update, "undelete/k", ["versions": [.int(number)]])
        if model.entries.indices.contains(index) { model.entries[index].deleted = false }
      case 7:
        try kv.call(.update, "destroy/k", ["versions": [.int(number)]])
        if model.entries.indices.contains(index) { model.entries[index].destroyed = true }
      case 8:
        try kv.call(.delete, "data/k")
        if !model.entries.isEmpty { model.entries[model.entries.count - 1].deleted = true }
      case 9 where !model.entries.isEmpty:
        model.limit = Int64(pick(6))
        try kv.call(.update, "metadata/k", ["max_versions": .int(model.limit)])
      case 10 where pick(4) == 0:
        model.mountLimit = Int64(pick(6))
        try kv.call(.update, "config", ["max_versions": .int(model.mountLimit)])
      default: break
      }
      for (index, entry) in model.entries.enumerated() {
        let answer = try kv.version("k", Int64(index + 1))
        if entry.trimmed {
          #expect(answer == Answer(status: 404))
        } else if entry.deleted || entry.destroyed {
          #expect(answer.status == 404 && answer.data?["data"] == .some(.null))
          #expect(answer.data?["metadata"]?["destroyed"] == .bool(entry.destroyed))
        } else {
          #expect(answer.data?["data"] == ["v": .int(entry.value)])
        }
      }
      // What can be read is what is stored, and nothing is left behind.
      let values = model.entries.filter { !$0.trimmed && !$0.destroyed }.count
      #expect(kv.store.keys.filter { $0.hasPrefix("mount/v/") }.count == values)
    }
  }

  @Test func recordsOfMetadataSurviveEncoding() throws {
    let random = RandomSource.seeded(7)
    func time() -> Timestamp { Timestamp(nanoseconds: Int64(bitPattern: random.below(.max))) }
    func author() -> Attribution? {
      random.below(3) == 0
        ? nil : Attribution(actor: "a\(random.below(3))", clientID: "ü", entityID: "", operation: "create")
    }
    for _ in 0..<200 {
      var metadata = KeyMetadata(created: time())
      for _ in 0..<random.below(20) {
        _ = metadata.addVersion(
          at: time(), deletion: random.below(2) == 0 ? nil : time(), by: author(), keeping: Int64(random.below(6) + 1))
        if random.below(3) == 0 { _ = metadata.delete(metadata.current, at: time(), by: author()) }
        if random.below(5) == 0 { _ = metadata.destroy(metadata.current) }
      }
      metadata.casRequired = random.below(2) == 0
      metadata.maxVersions = Int64(random.below(9))
      metadata.deleteVersionAfter = .seconds(Int64(random.below(9)))
      metadata.customMetadata = Array(#"{"k":"v"}"#.utf8)
      #expect(try KeyMetadata(decoding: metadata.encoded) == metadata)
      for number in 0...(metadata.current + 1) {
        let glance = try KeyMetadata.glance(metadata.encoded, version: number)
        let state = metadata[number == 0 ? metadata.current : number]
        #expect(glance?.state.created == state?.created && glance?.state.deletion == state?.deletion)
        #expect(glance?.state.destroyed == state?.destroyed)
      }
    }
  }

  /// `threads` at once, each on a thread of its own.
  private func together(_ threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
    final class Work {
      let body: () -> Void
      init(_ body: @escaping () -> Void) { self.body = body }
    }
    var handles: [pthread_t] = []
    for number in 0..<threads {
      var handle = pthread_t()
      let work = Unmanaged.passRetained(Work { body(number) }).toOpaque()
      pthread_create(
        &handle, nil,
        { argument in
          if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
          return nil
        }, work)
      handles.append(handle)
    }
    for handle in handles { pthread_join(handle, nil) }
  }

  @Test func ofWritersWithTheSameNumberOneWins() throws {
    let kv = try MountedKV(version: "2")
    let wins = Locked([Int](repeating: 0, count: 20))
    together(4) { thread in
      for round in 0..<20 {
        let fields: JSONObject = ["data": ["by": .int(thread)], "options": ["cas": .int(round)]]
        while let current = try? kv.call(.read, "metadata/k").data?["current_version"]?.int64Value, current < round {}
        if let answer = try? kv.call(.update, "data/k", fields), answer.status == 200 {
          wins.withLock { $0[round] += 1 }
        }
        // Nobody goes on before this round has a winner.
        while (try? kv.call(.read, "metadata/k").data?["current_version"]?.int64Value) ?? 0 <= round { sched_yield() }
      }
    }
    #expect(wins.withLock { $0 } == [Int](repeating: 1, count: 20))
  }

  @Test func readersSeeValueAndMetadataOfOneVersion() throws {
    let kv = try MountedKV(version: "2")
    try kv.call(.update, "config", ["max_versions": 1])
    try kv.put("k", ["n": 1])
    let finished = Locked(false)
    let torn = Locked(0)
    together(3) { thread in
      if thread == 0 {
        for number in 2...400 {
          kv.step(.seconds(1))
          _ = try? kv.call(.update, "data/k", ["data": ["n": .int(number)]])
        }
        finished.withLock { $0 = true }
      } else {
        while !finished.withLock({ $0 }) {
          let data = try? kv.version("k").data
          if data == nil || data?["data"]?["n"] != data?["metadata"]?["version"] { torn.withLock { $0 += 1 } }
        }
      }
    }
    #expect(torn.withLock { $0 } == 0)
  }
}
