import FiberFixture
import Primitives
import StorageAPI
import Testing

@testable import RaftStore

private func batch(_ number: Int, bytes: Int = 8) -> WriteBatch {
  var batch = WriteBatch()
  batch.put("\(number)", [UInt8](repeating: 0, count: bytes))
  return batch
}

private func number(of batch: WriteBatch) -> Int {
  guard case .put(let key, _)? = batch.writes.first else { return -1 }
  return Int(key) ?? -1
}

/// What a queue did, in order: the numbers of a group's batches, or nothing for what runs alone.
private final class Diary: Sendable {
  private struct Pages {
    var groups: [[Int]] = []
    var busy = 0
    var mostBusy = 0
  }

  private let pages = Locked(Pages())

  var groups: [[Int]] { pages.withLock { $0.groups } }
  var mostBusy: Int { pages.withLock { $0.mostBusy } }

  func enter(_ group: [Int]) {
    pages.withLock {
      $0.groups.append(group)
      $0.busy += 1
      $0.mostBusy = max($0.mostBusy, $0.busy)
    }
  }

  func leave() { pages.withLock { $0.busy -= 1 } }
}

/// Answers each batch with its number, once `mayEnd` is open.
private func queue(_ diary: Diary, begun: Latch? = nil, mayEnd: Latch? = nil) -> CommitQueue {
  CommitQueue(
    process: { batches in
      let numbers = batches.map(number)
      diary.enter(numbers)
      defer { diary.leave() }
      begun?.open()
      mayEnd?.wait()
      return numbers.map { .success(CommitIndex($0)) }
    }, finished: { _, _ in })
}

@Suite struct CommitQueueTests {
  /// Eight threads, some with several batches at once, and one that wants to be alone now and then.
  @Test func everyBatchIsInOneGroupAndGetsItsOwnOutcome() throws {
    let diary = Diary()
    let queue = queue(diary)
    let wrong = Locked<[Int]>([])
    let threads = try (0..<8).map { thread in
      try #require(
        BackgroundThread {
          for round in 0..<500 {
            let base = (thread * 500 + round) * 3
            let own = (0...(round % 3)).map { base + $0 }
            let outcomes = queue.commit(own.map { batch($0) })
            for (number, outcome) in zip(own, outcomes) where (try? outcome.get()) != CommitIndex(number) {
              wrong.withLock { $0.append(number) }
            }
            if outcomes.count != own.count { wrong.withLock { $0.append(-1) } }
            if round % 100 == thread {
              let isAlone = queue.exclusively {
                diary.enter([])
                defer { diary.leave() }
                return diary.mostBusy == 1
              }
              if isAlone != true { wrong.withLock { $0.append(-2) } }
            }
          }
        })
    }
    for thread in threads { thread.join() }
    #expect(wrong.withLock { $0 }.isEmpty)
    #expect(diary.mostBusy == 1)
    let all = diary.groups.flatMap { $0 }
    let expected = (0..<4000).flatMap { turn in (0...(turn % 500 % 3)).map { turn * 3 + $0 } }
    #expect(all.sorted() == expected)
    // Batches that came together stay together.
    for group in diary.groups {
      for (place, number) in group.enumerated() where number % 3 > 0 { #expect(group[place - 1] == number - 1) }
    }
  }

  /// What comes while a group is under way makes up the next, but for what is too much for one.
  @Test func thoseThatWaitShareAGroup() throws {
    let diary = Diary()
    let (begun, mayEnd) = (Latch(), Latch())
    let queue = queue(diary, begun: begun, mayEnd: mayEnd)
    let first = try #require(BackgroundThread { _ = queue.commit([batch(0)]) })
    begun.wait()
    let others = try (1...3).map { number in
      try #require(
        BackgroundThread {
          _ = queue.commit([batch(number, bytes: 3 << 20)])
        })
    }
    mayEnd.open()
    for thread in others + [first] { thread.join() }
    #expect(diary.groups.first == [0])
    #expect(diary.groups.allSatisfy { $0.count < 3 })
    #expect(diary.groups.flatMap { $0 }.sorted() == [0, 1, 2, 3])
  }

  /// What the requests of one carrier want to commit goes in one group, although the first of them finds nobody at work.
  @Test func fibersOfOneCarrierShareAGroup() throws {
    let diary = Diary()
    let queue = queue(diary)
    let carriers = try Carriers(1)
    let right = Monitored(0)
    carriers.run {
      // They begin when this one has ended.
      for number in 1...8 {
        carriers.run {
          let isRight = queue.commit([batch(number)]) == [.success(CommitIndex(number))]
          right.update { $0 += isRight ? 1 : 0 }
        }
      }
    }
    #expect(right.wait(atMost: .seconds(20)) { $0 == 8 ? true : nil } == true)
    #expect(diary.groups == [Array(1...8)])
    carriers.stop()
  }

  @Test func aClosedQueueTakesNothing() {
    let diary = Diary()
    let queue = queue(diary)
    queue.close()
    queue.close()
    #expect(queue.exclusively { true } == nil)
    #expect(queue.commit([batch(1), batch(2)]).allSatisfy { $0 == .failure(.unavailable("the store is closed")) })
    #expect(diary.groups.isEmpty)
  }
}
