import JSONText
import Primitives
import Testing

@testable import Kernel

private let second: UInt64 = 1_000_000_000

@Suite struct RateLimitTests {
  @Test func theRateIsForEachWindow() {
    let limit = RateLimit(name: "a", path: "", rate: 2)
    var count = RateLimit.Count(start: 5)
    #expect(limit.take(&count, now: 5) == .init(isAllowed: true, limit: 2, remaining: 1, wait: second))
    #expect(limit.take(&count, now: 6).isAllowed)
    #expect(!limit.take(&count, now: 7).isAllowed)
    #expect(!limit.take(&count, now: 4 + second).isAllowed)
    #expect(limit.take(&count, now: 5 + second).remaining == 1)
    #expect(limit.isOver(count, now: 5 + 2 * second))
    #expect(!limit.isOver(count, now: 5 + second))
  }

  @Test func fractionsStretchTheWindow() {
    let limit = RateLimit(name: "a", path: "", rate: 0.5)
    var count = RateLimit.Count(start: 0)
    #expect(limit.take(&count, now: 0).isAllowed)
    #expect(!limit.take(&count, now: second).isAllowed)
    #expect(limit.take(&count, now: 2 * second).isAllowed)
  }

  @Test func whoGoesBeyondIsBlocked() {
    var limit = RateLimit(name: "a", path: "", rate: 1)
    limit.blockInterval = .seconds(10)
    var count = RateLimit.Count(start: 0)
    #expect(limit.take(&count, now: 0).isAllowed)
    #expect(!limit.take(&count, now: 1).isAllowed)
    #expect(!limit.take(&count, now: 9 * second).isAllowed)
    #expect(!limit.isOver(count, now: 9 * second))
    #expect(limit.take(&count, now: 10 * second + 1).isAllowed)
  }

  @Test func theMoreSpecialRuleIsAsked() {
    var mount = RateLimit(name: "m", path: "auth/a/", rate: 1)
    mount.mount = "auth/a/"
    var role = mount
    role.role = "r"
    var path = mount
    path.suffix = "log*"
    let global = RateLimit(name: "g", path: "", rate: 1)
    #expect([global, mount, role, path].map(\.rank).sorted(by: <).map(\.0) == [0, 1, 2, 3])
    #expect(path.covers(mount: "auth/a/", rest: "login", role: { "" }))
    #expect(!path.covers(mount: "auth/a/", rest: "users", role: { "" }))
    #expect(!path.covers(mount: "auth/b/", rest: "login", role: { "" }))
    #expect(role.covers(mount: "auth/a/", rest: "login", role: { "r" }))
    #expect(!role.covers(mount: "auth/a/", rest: "login", role: { "s" }))
    #expect(global.covers(mount: "x/", rest: "", role: { "" }))
  }

  @Test func recordsComeBack() throws {
    var limit = RateLimit(name: "a", path: "auth/a/x", rate: 0.25)
    limit.mount = "auth/a/"
    limit.suffix = "x"
    limit.interval = .seconds(60)
    limit.grouping = .none
    #expect(RateLimit(record: .object(limit.record)) == limit)
    #expect(RateLimit(record: ["name": "a"]) == nil)
  }
}
