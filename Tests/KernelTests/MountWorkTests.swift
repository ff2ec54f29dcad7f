import EngineAPI
import Primitives
import Testing

@testable import Kernel

@Suite struct MountWorkTests {
  private let start = Timestamp(seconds: 1_800_000_000)

  private func made() -> MountWork {
    let start = start
    return MountWork(clock: WallClock { start }) { _, _ in }
  }

  @Test func eachMountHasItsTime() {
    let work = made()
    let calls = Locked<[String]>([])
    work.request("b", at: start + .seconds(2))
    work.request("a", at: start + .seconds(1))
    work.request("a", at: start + .seconds(9))
    let body: MountWork.Body = { mount, now in
      calls.withLock { $0.append(mount) }
      return mount == "a" && now < Timestamp(seconds: 1_800_000_005) ? now + .seconds(10) : nil
    }
    #expect(work.perform(due: start, body) == start + .seconds(1))
    #expect(work.perform(due: start + .seconds(3), body) == start + .seconds(13))
    #expect(calls.withLock { $0 } == ["a", "b"])
    #expect(work.perform(due: start + .seconds(13), body) == nil)
    #expect(calls.withLock { $0 } == ["a", "b", "a"])
  }

  @Test func whatFailsIsTriedAgain() {
    let work = made()
    work.request("a", at: start)
    let next = work.perform(due: start) { _, _ in throw EngineError.invalid("no") }
    #expect(next == start + MountWork.pauseAfterFailure)
  }

  @Test func aMountThatAlwaysHasSomethingToDoDoesNotSpin() {
    let work = made()
    work.request("a", at: start)
    #expect(work.perform(due: start) { _, now in now } == start + MountWork.shortestPause)
  }

  @Test func whatWasForgottenIsNotCalled() {
    let work = made()
    work.request("a", at: start)
    work.forget("a")
    #expect(work.perform(due: start) { _, _ in Timestamp(seconds: 0) } == nil)
  }

  @Test func aRequestDuringTheWorkIsNotLost() {
    let work = made()
    work.request("a", at: start)
    let calls = Locked(0)
    let next = work.perform(due: start) { mount, now in
      let count = calls.withLock { count in
        count += 1
        return count
      }
      if count == 1 { work.request(mount, at: now) }
      return nil
    }
    #expect(next == nil)
    #expect(calls.withLock { $0 } == 2)
  }

  @Test func theThreadWorksAndStops() {
    let work = MountWork(clock: .system) { _, _ in }
    let done = Monitored(0)
    work.request("a", at: WallClock.system.now())
    work.start { _, _ in
      done.update { $0 += 1 }
      return nil
    }
    #expect(done.wait(atMost: .seconds(10)) { $0 == 1 ? true : nil } == true)
    work.request("b", at: WallClock.system.now())
    #expect(done.wait(atMost: .seconds(10)) { $0 == 2 ? true : nil } == true)
    work.stop()
    work.request("c", at: WallClock.system.now())
    #expect(done.withLock { $0 } == 2)
  }
}
