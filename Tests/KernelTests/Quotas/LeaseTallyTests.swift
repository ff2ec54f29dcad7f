import Testing

@testable import Kernel

private func rule(_ name: String, _ mount: String, _ most: Int64, role: String = "", suffix: String = "") -> LeaseCount
{
  var rule = LeaseCount(name: name, path: mount + suffix, maxLeases: most)
  rule.mount = mount
  rule.role = role
  rule.suffix = suffix
  return rule
}

private func place(_ mount: String, _ rest: String = "login", role: String = "") -> LeaseTally.Place {
  LeaseTally.Place(mount: mount, rest: rest, role: role)
}

struct LeaseTallyTests {
  @Test func reservationsAndLeasesFillARule() {
    var tally = LeaseTally()
    tally.begin([rule("a", "auth/a/", 2)])
    tally.add(1, at: place("auth/a/"))
    var verdicts = [tally.reserve(place("auth/a/")), tally.reserve(place("auth/a/")), tally.reserve(place("auth/b/"))]
    #expect(verdicts == [.reserved("a"), .full, .free])
    // Given up: there is room again.
    tally.settle("a")
    verdicts = [tally.reserve(place("auth/a/"))]
    tally.settle("a")
    tally.add(2, at: place("auth/a/"))
    verdicts.append(tally.reserve(place("auth/a/")))
    tally.remove(1)
    verdicts.append(tally.reserve(place("auth/a/")))
    #expect(verdicts == [.reserved("a"), .full, .reserved("a")])
    #expect(tally.count("a") == 1)
    #expect(tally.count("b") == nil)
  }

  @Test func whatIsToldTwiceCountsOnce() {
    var tally = LeaseTally()
    tally.begin([rule("a", "auth/a/", 2)])
    for _ in 0..<3 { tally.add(7, at: place("auth/a/")) }
    #expect(tally.count("a") == 1)
    for _ in 0..<3 { tally.remove(7) }
    tally.settle("a")
    #expect(tally.count("a") == 0)
  }

  @Test func theMostSpecialRuleCounts() {
    var tally = LeaseTally()
    tally.begin([
      rule("all", "", 9), rule("mount", "auth/a/", 9), rule("role", "auth/a/", 9, role: "r"),
      rule("path", "auth/a/", 9, suffix: "log*"),
    ])
    for (lease, place) in [
      place("x/"), place("auth/a/", "create"), place("auth/a/", "create", role: "r"), place("auth/a/", role: "r"),
    ].enumerated() { tally.add(UInt64(lease), at: place) }
    #expect(["all", "mount", "role", "path"].map { tally.count($0) } == [1, 1, 1, 1])
    #expect(tally.rules.map(\.name) == ["all", "mount", "path", "role"])
  }

  @Test func newRulesKeepWhatIsBeingMadeAndForgetWhatLived() {
    var tally = LeaseTally()
    tally.begin([rule("a", "auth/a/", 1)])
    let reserved = tally.reserve(place("auth/a/"))
    #expect(reserved == .reserved("a"))
    tally.begin([rule("a", "auth/a/", 2)])
    #expect(tally.count("a") == 0)
    let verdicts = [tally.reserve(place("auth/a/")), tally.reserve(place("auth/a/"))]
    #expect(verdicts == [.reserved("a"), .full])
  }

  @Test func recordsComeBack() throws {
    var made = rule("a", "auth/a/", 5, role: "r")
    made.isInheritable = true
    #expect(LeaseCount(record: .object(made.record)) == made)
    #expect(made.shown(counter: 3)["counter"] == 3)
    #expect(made.shown(counter: 3)["mount"] == nil)
  }
}
