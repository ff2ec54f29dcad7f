import FiberFixture
import Primitives
import Testing

@Suite struct StripedTests {
  @Test func noChangeIsLost() throws {
    let sums = Striped { 0 }
    let carriers = try Carriers(2)
    let done = Monitored(0)
    for _ in 0..<200 {
      carriers.run {
        for _ in 0..<50 { sums.withOwn { $0 += 1 } }
        Blocking.run { sums.withOwn { $0 += 1 } }
        done.update { $0 += 1 }
      }
    }
    #expect(done.wait(atMost: .seconds(20)) { $0 == 200 ? true : nil } == true)
    carriers.stop()
    var whole = 0
    sums.forEach { whole += $0 }
    #expect(whole == 200 * 51)
  }

  @Test func carriersHaveTheirOwnAndOtherThreadsShareOne() throws {
    let values = Striped { 0 }
    #expect(values.own == 0)
    let carriers = try Carriers(1)
    let onCarrier = try #require(carriers.value { values.own })
    #expect(onCarrier > 0)
    #expect(carriers.value { values.own } == onCarrier)
    #expect(carriers.value { Blocking.run { values.own } } == 0)
    carriers.stop()
  }

  @Test func anyThreadReachesACopyByItsNumber() throws {
    let values = Striped { [String]() }
    let carriers = try Carriers(1)
    let place = try #require(
      carriers.value {
        values.withOwn { $0.append("carrier") }
        return values.own
      })
    carriers.stop()
    values.withOwn { $0.append("other") }
    #expect(values.with(place) { $0 } == ["carrier"])
  }

  @Test func copiesGoWithTheWhole() {
    final class Kept: Sendable {
      let gone: Monitored<Int>
      init(_ gone: Monitored<Int>) { self.gone = gone }
      deinit { gone.update { $0 += 1 } }
    }
    let gone = Monitored(0)
    do { _ = Striped { Kept(gone) } }
    #expect(gone.withLock { $0 } == Striped<Int>.count)
  }
}
