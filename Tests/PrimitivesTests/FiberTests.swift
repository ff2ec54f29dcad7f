import FiberFixture
import Glibc
import Primitives
import Testing

/// Waits on a plain thread until the number is reached.
private func reaches(_ number: Monitored<Int>, _ wanted: Int) -> Bool {
  number.wait(atMost: .seconds(20)) { $0 >= wanted ? true : nil } ?? false
}

/// Fibers that have begun and wait until they may end.
private struct HeldJobs {
  let mayEnd = Latch()
  let begun = Monitored(0)
  let done = Monitored(0)

  init(_ count: Int, on carriers: Carriers) {
    for _ in 0..<count {
      carriers.run { [mayEnd, begun, done] in
        begun.update { $0 += 1 }
        mayEnd.wait()
        done.update { $0 += 1 }
      }
    }
  }
}

@Suite struct FiberTests {
  private struct Refused: Error, Equatable { let number: Int }

  /// One thread could not wait for what it is itself to do afterwards.
  @Test func fibersOfOneCarrierWaitForEachOther() throws {
    let carriers = try Carriers(1)
    let (first, second) = (Latch(), Latch())
    let done = Monitored(0)
    carriers.run {
      first.wait()
      second.open()
      done.update { $0 += 1 }
    }
    carriers.run {
      first.open()
      second.wait()
      done.update { $0 += 1 }
    }
    #expect(reaches(done, 2))
    carriers.stop()
  }

  @Test func latchWakesFibersAndThreads() throws {
    let carriers = try Carriers(2)
    for _ in 0..<50 {
      let latch = Latch()
      let (waiting, done) = (Monitored(0), Monitored(0))
      for _ in 0..<40 {
        carriers.run {
          waiting.update { $0 += 1 }
          latch.wait()
          done.update { $0 += 1 }
        }
      }
      let thread = try #require(
        BackgroundThread {
          latch.wait()
          done.update { $0 += 1 }
        })
      #expect(reaches(waiting, 40))
      #expect(done.withLock { $0 } == 0)
      latch.open()
      #expect(reaches(done, 41))
      thread.join()
    }
    carriers.stop()
  }

  /// Runs three fibers and one that began before them, which waits its way before it goes on.
  /// - Returns: the order in which they were done, the one that waited as 4.
  private func order(
    of others: @escaping @Sendable (Int) -> Void, besides wait: @escaping @Sendable () -> Void
  ) throws -> [Int] {
    let carriers = try Carriers(1)
    let order = Locked<[Int]>([])
    let done = Monitored(0)
    let begin = Latch()
    carriers.run {
      // So that what follows is there when this one lets it go first.
      Blocking.run { begin.wait() }
      for number in 1...3 {
        carriers.run {
          others(number)
          order.withLock { $0.append(number) }
          done.update { $0 += 1 }
        }
      }
      wait()
      order.withLock { $0.append(4) }
      done.update { $0 += 1 }
    }
    begin.open()
    #expect(reaches(done, 4))
    carriers.stop()
    return order.withLock { $0 }
  }

  @Test func othersGoFirst() throws {
    #expect(try order(of: { _ in }, besides: { Fiber.letOthersGoFirst() }) == [1, 2, 3, 4])
  }

  /// Neither does one that always lets others go first starve while these go on for ever.
  @Test func othersDoNotGoFirstForEver() throws {
    let carriers = try Carriers(1)
    let ended = Locked(false)
    @Sendable func again() {
      carriers.run {
        if !ended.withLock({ $0 }) { again() }
        Fiber.letOthersGoFirst()
      }
    }
    again()
    let turns = carriers.value {
      for _ in 0..<100 { Fiber.letOthersGoFirst() }
      return 100
    }
    #expect(turns == 100)
    ended.withLock { $0 = true }
    carriers.stop()
  }

  /// What has long to compute comes after new events, and after those that let others go first.
  @Test func longComputationsComeLast() throws {
    let order = try order(
      of: { number in if number == 2 { Fiber.letOthersGoFirst() } }, besides: { Fiber.letAllGoFirst() })
    #expect(order == [1, 3, 2, 4])
  }

  /// Events that come for ever do not keep computations from their turn, nor do these keep events from theirs.
  @Test func longComputationsAndEventsTakeTurns() throws {
    let carriers = try Carriers(1)
    let ended = Locked(false)
    let events = Locked(0)
    @Sendable func again() {
      carriers.run {
        events.withLock { $0 += 1 }
        if !ended.withLock({ $0 }) { again() }
      }
    }
    again()
    let taken = carriers.value {
      (0..<100).map { _ in
        Fiber.letAllGoFirst()
        return events.withLock { $0 }
      }
    }
    let counts = try #require(taken)
    for (before, after) in zip(counts, counts.dropFirst()) {
      #expect(after > before)
      #expect(after - before <= 64)
    }
    ended.withLock { $0 = true }
    carriers.stop()
  }

  @Test func carrierGoesOnWhileAFiberBlocks() throws {
    let carriers = try Carriers(1)
    let (inside, end) = (Latch(), Latch())
    let blocked = Monitored(0)
    carriers.run {
      let thread = pthread_self()
      let other = Blocking.run { () -> pthread_t in
        #expect(Fiber.current == nil)
        inside.open()
        end.wait()
        return pthread_self()
      }
      #expect(other != thread && pthread_self() == thread)
      blocked.update { $0 += 1 }
    }
    inside.wait()
    #expect(carriers.value { 7 } == 7)
    #expect(blocked.withLock { $0 } == 0)
    end.open()
    #expect(reaches(blocked, 1))
    carriers.stop()
  }

  @Test func errorsComeBackFromBlockingWork() throws {
    let carriers = try Carriers(1)
    let caught = carriers.value { () -> Refused? in
      do throws(Refused) {
        try Blocking.run { () throws(Refused) in throw Refused(number: 3) }
        return nil
      } catch { return error }
    }
    #expect(caught == Refused(number: 3))
    carriers.stop()
  }

  /// A condition is waited for on another thread, and the fiber's carrier can make it true.
  @Test func fibersWaitForConditions() throws {
    let carriers = try Carriers(1)
    let condition = Monitored(0)
    let done = Monitored(0)
    carriers.run {
      if condition.wait(until: { $0 == 1 ? true : nil }) == true { done.update { $0 += 1 } }
    }
    carriers.run { condition.update { $0 = 1 } }
    #expect(reaches(done, 1))
    #expect(carriers.value { condition.wait(atMost: .milliseconds(1)) { $0 == 2 ? true : nil } == nil } == true)
    carriers.stop()
  }

  @Test func eventsBeyondTheLimitWait() throws {
    let carriers = try Carriers(1, limit: 2)
    let jobs = HeldJobs(5, on: carriers)
    #expect(reaches(jobs.begun, 2))
    #expect(carriers.fibers == 2)
    #expect(jobs.begun.withLock { $0 } == 2)
    jobs.mayEnd.open()
    #expect(reaches(jobs.done, 5))
    #expect(carriers.fibers == 2)
    carriers.stop()
  }

  @Test func fibersThatAreNotNeededGo() throws {
    let carriers = try Carriers(1)
    let jobs = HeldJobs(64, on: carriers)
    #expect(reaches(jobs.begun, 64))
    #expect(carriers.fibers == 64)
    jobs.mayEnd.open()
    #expect(reaches(jobs.done, 64))
    // How many of the calls fall together before the carrier looks nobody knows.
    for _ in 0..<10_000 where carriers.fibers > 8 {
      carriers.shrink()
      #expect(carriers.value { 1 } == 1)
    }
    #expect(carriers.fibers <= 8)
    carriers.stop()
  }

  /// What was begun is finished, what comes later is not begun.
  @Test func stoppingWaitsForWhatIsUnderWay() throws {
    let carriers = try Carriers(2)
    let jobs = HeldJobs(10, on: carriers)
    #expect(reaches(jobs.begun, 10))
    let stopping = try #require(BackgroundThread { carriers.stop() })
    jobs.mayEnd.open()
    stopping.join()
    #expect(jobs.done.withLock { $0 } == 10)
  }

  /// All ways to wait, in any order, on several carriers.
  @Test func manyFibersWaitInAllWays() throws {
    let carriers = try Carriers(3)
    let done = Monitored(0)
    let sums = Locked(0)
    for number in 0..<3000 {
      carriers.run {
        var sum = 0
        for step in 0..<4 {
          switch (number &* 7 &+ step &* 3) % 6 {
          case 0: Fiber.letOthersGoFirst()
          case 4: Fiber.letAllGoFirst()
          case 1: sum += Blocking.run { 1 }
          case 2:
            let latch = Latch()
            carriers.run { latch.open() }
            latch.wait()
          case 3:
            let latch = Latch()
            latch.open()
            latch.wait()
          default: sum += 1
          }
        }
        let total = sum
        sums.withLock { $0 += total }
        done.update { $0 += 1 }
      }
    }
    #expect(reaches(done, 3000))
    let expected = (0..<3000).reduce(0) { sum, number in
      sum + (0..<4).count { [1, 5].contains((number &* 7 &+ $0 &* 3) % 6) }
    }
    #expect(sums.withLock { $0 } == expected)
    carriers.stop()
  }
}
