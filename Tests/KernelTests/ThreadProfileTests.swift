import Testing

@testable import SystemEngine

struct ThreadProfileTests {
  private func stat(_ name: String, _ state: String, user: Int, system: Int) -> String {
    "7 (\(name)) \(state) 1 2 3 4 5 6 7 8 9 10 \(user) \(system) 0 0 20 0 1 0\n"
  }

  @Test func linesOfTheKernelAreRead() throws {
    let thread = try #require(ThreadFace(id: 7, stat: stat("a) b (c", "S", user: 12, system: 3)))
    #expect(thread.name == "a) b (c")
    #expect(thread.state == "S")
    #expect(thread.user == 12)
    #expect(thread.system == 3)
    for text in ["", "7", "7 (a", "7 )a(", "7 (a) R 1", "7 (a) R 1 2 3 4 5 6 7 8 9 10 x y"] {
      #expect(ThreadFace(id: 7, stat: text) == nil)
    }
  }

  @Test func busiestThreadComesFirst() throws {
    func threads(_ user: [Int], _ state: String = "S") throws -> [ThreadFace] {
      try user.enumerated().map {
        try #require(ThreadFace(id: $0.offset, stat: stat("t\($0.offset)", state, user: $0.element, system: 0)))
      }
    }
    var profile = ThreadProfile(try threads([0, 10, 5]))
    profile.sample(try threads([1, 10, 9], "R"))
    profile.sample(try threads([1, 10, 9]))
    // A thread that began meanwhile counts from nothing.
    let rows = profile.rows(try threads([1, 10, 25, 3]), ticksPerSecond: 100)
    #expect(rows.map(\.id) == [2, 3, 0, 1])
    #expect(rows.map(\.userMilliseconds) == [200, 30, 10, 0])
    #expect(rows.map(\.running) == [1, 0, 1, 1])
    #expect(profile.samples == 2)
  }
}
