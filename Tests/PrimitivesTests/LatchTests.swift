import Primitives
import Testing

@Suite struct LatchTests {
  /// Whoever waits, before it opens or after, sees what was done before.
  @Test func allWhoWaitGoOnWhenItOpens() throws {
    for round in 0..<200 {
      let latch = Latch()
      let told = Locked(0)
      let seen = Locked<[Int]>([])
      let threads = try (0..<4).map { _ in
        try #require(
          BackgroundThread {
            latch.wait()
            let value = told.withLock { $0 }
            seen.withLock { $0.append(value) }
          })
      }
      told.withLock { $0 = round + 1 }
      latch.open()
      for thread in threads { thread.join() }
      #expect(seen.withLock { $0 } == [Int](repeating: round + 1, count: 4))
      latch.wait()
    }
  }
}
