import EngineAPI
import JSONText
import Primitives
import StorageAPI
import Testing

@testable import DatabaseEngine

/// Rotations that break off anywhere: afterwards the stored password is the one that logs in.
@Suite struct RotationFaultTests {
  private func mounted(_ seed: UInt64 = 1) throws -> MountWithStaticRoles {
    let mounted = try MountWithStaticRoles(seed: seed)
    mounted.database.add("app_static", password: "first")
    return mounted
  }

  /// The commits are the intent and the result; with the second missing the process died right after the statement.
  @Test(arguments: 0...3) func aProcessThatDiesWhileRotating(commits: Int) throws {
    let mounted = try mounted()
    try mounted.make()
    let before = try mounted.password()
    mounted.store.life.withLock { $0 = commits }
    _ = try mounted.refusal(.update, "rotate-role/app")
    #expect((mounted.database.password(of: "app_static") == before) == (commits == 0))
    mounted.restart()
    try mounted.work()
    #expect(try mounted.password() == mounted.database.password(of: "app_static"))
    #expect(try mounted.mount.storage.list(DatabaseMount.Folder.staticRotations).isEmpty)
  }

  @Test(arguments: 0...3) func aProcessThatDiesWhileMakingARole(commits: Int) throws {
    let mounted = try mounted()
    mounted.store.life.withLock { $0 = commits }
    _ = try mounted.refusal(
      .update, "static-roles/app", ["db_name": "lab", "username": "app_static", "rotation_period": 3600])
    mounted.restart()
    try mounted.work()
    if commits == 0 {
      #expect(mounted.database.password(of: "app_static") == "first")
    } else {
      #expect(try mounted.password() == mounted.database.password(of: "app_static"))
      #expect(try mounted.call(.read, "static-roles/app")?["rotation_period"] == 3600)
    }
    #expect(try mounted.mount.storage.list(DatabaseMount.Folder.staticRotations).isEmpty)
  }

  @Test(arguments: PretendedDatabase.Mood.allCases) func aDatabaseThatFails(mood: PretendedDatabase.Mood) throws {
    let mounted = try mounted()
    try mounted.make()
    mounted.database.be(mood)
    let refusal = try mounted.refusal(.update, "rotate-role/app")
    #expect((refusal == nil) == (mood == .well))
    let isKept = mood == .breakingBefore || mood == .breakingAfter
    #expect((refusal ?? "").contains("retries will continue") == isKept)
    mounted.database.be(.well)
    mounted.step(.minutes(6))
    try mounted.work()
    #expect(try mounted.password() == mounted.database.password(of: "app_static"))
    #expect(try mounted.mount.storage.list(DatabaseMount.Folder.staticRotations).isEmpty)
  }

  @Test func aFailedRotationIsTriedAgainAfterLongerAndLongerPauses() throws {
    let mounted = try mounted()
    try mounted.make()
    mounted.database.be(.unreachable)
    mounted.step(.hours(1))
    var pauses: [Int64] = []
    for _ in 0..<8 {
      let now = mounted.now.withLock { $0 }
      let next = try #require(try mounted.work())
      pauses.append((next - now).seconds)
      mounted.now.withLock { $0 = next }
    }
    #expect(pauses == [5, 10, 20, 40, 80, 160, 300, 300])
    mounted.database.be(.well)
    try mounted.work()
    #expect(try mounted.password() == mounted.database.password(of: "app_static"))
    #expect(try mounted.work() == mounted.now.withLock { $0 } + .hours(1))
  }

  /// An intent that the database refuses would stand in the way of every other password.
  @Test func aRefusedRepetitionGivesWayToANewPassword() throws {
    let mounted = try mounted()
    try mounted.make()
    mounted.database.be(.breakingBefore)
    _ = try mounted.refusal(.update, "rotate-role/app")
    let intent = try mounted.mount.storage.list(DatabaseMount.Folder.staticRotations)
    #expect(intent == ["app"])
    mounted.database.be(.refusing)
    mounted.step(.minutes(1))
    try mounted.work()
    #expect(try mounted.mount.storage.list(DatabaseMount.Folder.staticRotations).isEmpty)
    mounted.database.be(.well)
    #expect(try mounted.password() == mounted.database.password(of: "app_static"))
  }

  @Test func oneUnreachableDatabaseCostsOneTry() throws {
    let mounted = try mounted()
    for index in 0..<10 {
      mounted.database.add("u\(index)", password: "p")
      try mounted.make("r\(index)", user: "u\(index)")
    }
    mounted.database.be(.unreachable)
    mounted.step(.hours(1))
    try mounted.work()
    mounted.database.be(.well)
    mounted.step(.seconds(5))
    try mounted.work()
    for index in 0..<10 {
      #expect(try mounted.password("r\(index)") == mounted.database.password(of: "u\(index)"))
    }
    #expect(mounted.database.changes == 20)
  }

  /// Any sequence of requests, failures, deaths and pauses: when all is well again, every stored password logs in.
  @Test(arguments: 0..<60) func afterAnythingTheStoredPasswordLogsIn(seed: Int) throws {
    let random = RandomSource.seeded(UInt64(seed) &+ 100)
    let mounted = try MountWithStaticRoles(seed: UInt64(seed))
    let names = ["a", "b", "c"]
    for name in names { mounted.database.add("user_\(name)", password: "first") }
    for _ in 0..<80 {
      let name = names[Int(random.below(3))]
      let fields: JSONObject = [
        "db_name": "lab", "username": .string("user_\(name)"), "rotation_period": .int(Int64(5 + random.below(600))),
      ]
      switch random.below(10) {
      case 0, 1: _ = try mounted.refusal(.update, "static-roles/\(name)", fields)
      case 2, 3: _ = try mounted.refusal(.update, "rotate-role/\(name)")
      case 4: if random.below(3) == 0 { _ = try mounted.refusal(.delete, "static-roles/\(name)") }
      case 5: mounted.restart()
      case 6: mounted.store.life.withLock { $0 = Int(random.below(4)) }
      case 7:
        // Refusing at one time what was done at another is left out: then the old password is shown until the next rotation.
        let moods: [PretendedDatabase.Mood] = [.well, .unreachable, .breakingBefore, .breakingAfter]
        mounted.database.be(moods[Int(random.below(4))])
      default:
        mounted.step(.seconds(Int64(random.below(400))))
        _ = try? mounted.work()
      }
    }
    mounted.database.be(.well)
    mounted.restart()
    for _ in 0..<5 {
      mounted.step(.minutes(5))
      try mounted.work()
    }
    for name in names {
      guard try mounted.call(.read, "static-roles/\(name)") != nil else { continue }
      #expect(try mounted.password(name) == mounted.database.password(of: "user_\(name)"), "\(name), seed \(seed)")
    }
    #expect(try mounted.mount.storage.list(DatabaseMount.Folder.staticRotations).isEmpty)
  }
}
