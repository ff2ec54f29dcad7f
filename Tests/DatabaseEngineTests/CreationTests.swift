import EngineAPI
import JSONText
import Primitives
import StorageAPI
import Testing

@testable import DatabaseEngine

/// Whatever fails on the way, each user has a lease or is deleted.
@Suite struct CreationTests {
  @Test func aLeaseTakesThePlaceOfTheRecord() throws {
    let m = try Mounted()
    let reply = try m.call(.read, "creds/app")
    #expect(try m.creations.count == 1)
    let lease = try m.keep(reply)
    #expect(try m.creations.isEmpty)
    #expect(m.database.users.count == 1)
    m.step(.hours(1))
    try m.work()
    #expect(m.database.users.count == 1)
    try m.mount.revoke(lease)
    #expect(m.database.users.isEmpty)
    // Again is no mistake.
    try m.mount.revoke(lease)
  }

  @Test func theServerDiesBeforeTheLease() throws {
    let m = try Mounted()
    try m.call(.read, "creds/app")
    m.restart()
    #expect(m.database.users.count == 1)
    #expect(try m.work() == nil)
    #expect(m.database.users.isEmpty)
    #expect(try m.creations.isEmpty)
  }

  @Test func aLeaseThatComesTooLateIsNone() throws {
    let m = try Mounted()
    let reply = try m.call(.read, "creds/app")
    m.step(.minutes(2))
    try m.work()
    #expect(m.database.users.isEmpty)
    #expect(throws: StoreError.conflict) { try m.keep(reply) }
  }

  @Test func theWorkLeavesTimeForTheLease() throws {
    let m = try Mounted()
    let reply = try m.call(.read, "creds/app")
    let next = try m.work()
    #expect(next.map { $0 > m.now.withLock { $0 } } == true)
    #expect(m.database.users.count == 1)
    _ = try m.keep(reply)
  }

  @Test func aRefusedCreationLeavesNothing() throws {
    let m = try Mounted()
    m.database.fail(.refused)
    #expect(throws: EngineError.self) { try m.call(.read, "creds/app") }
    #expect(try m.creations.isEmpty)
  }

  @Test(arguments: [FakeDatabase.Failure.brokeBefore, .brokeAfter])
  func aBrokenConnectionIsCleanedUp(_ failure: FakeDatabase.Failure) throws {
    let m = try Mounted()
    m.database.fail(failure, .unavailable)
    #expect(throws: EngineError.self) { try m.call(.read, "creds/app") }
    #expect(m.wakes.withLock { $0.last } == m.now.withLock { $0 })
    let next = try #require(try m.work())
    #expect(try m.creations.count == 1)
    m.now.withLock { $0 = next }
    #expect(try m.work() == nil)
    #expect(m.database.users.isEmpty)
    #expect(try m.creations.isEmpty)
  }

  @Test func aLeaseThatCannotBeKeptIsGivenBack() throws {
    let m = try Mounted()
    let lease = try #require(try m.call(.read, "creds/app").lease)
    try m.mount.revoke(lease)
    #expect(m.database.users.isEmpty)
    #expect(try m.creations.isEmpty)
  }

  @Test func aLeaseThatCannotBeKeptWithADatabaseThatIsDown() throws {
    let m = try Mounted()
    let lease = try #require(try m.call(.read, "creds/app").lease)
    m.database.fail(.unavailable)
    #expect(throws: EngineError.self) { try m.mount.revoke(lease) }
    #expect(try m.creations.count == 1)
    try m.work()
    #expect(m.database.users.isEmpty)
    #expect(try m.creations.isEmpty)
  }
}

@Suite struct LeasedUserTests {
  @Test func aRenewalMovesTheEnd() throws {
    let m = try Mounted()
    let lease = try m.keep(try m.call(.read, "creds/app"))
    m.step(.minutes(30))
    let renewed = try m.mount.renew(lease, increment: .hours(1))
    #expect(renewed.ttl == .hours(1) && renewed.maxTTL == .hours(2))
    let now = m.now.withLock { $0 }
    #expect(m.database.state.withLock { Array($0.users.values) } == [now + .hours(1) + DatabaseMount.grace])
    // No further than the role allows.
    _ = try m.mount.renew(lease, increment: .hours(9))
    #expect(m.database.state.withLock { Array($0.users.values) } == [now + .minutes(90) + DatabaseMount.grace])
  }

  @Test func withoutItsRoleALeaseEndsButIsNotRenewed() throws {
    let m = try Mounted()
    try m.call(.update, "roles/app", ["revocation_statements": "DROP"])
    let lease = try m.keep(try m.call(.read, "creds/app"))
    try m.call(.delete, "roles/app")
    #expect(throws: EngineError.invalid("error during renew: could not find role with name \"app\"")) {
      try m.mount.renew(lease, increment: .zero)
    }
    try m.mount.revoke(lease)
    #expect(m.database.users.isEmpty)
    #expect(m.database.state.withLock { $0.deletedWith } == [["DROP"]])
  }

  @Test func onlyADatabaseThatIsDownIsTriedForEver() throws {
    let m = try Mounted()
    let lease = try m.keep(try m.call(.read, "creds/app"))
    func status(_ failure: FakeDatabase.Failure) -> Int? {
      m.database.fail(failure)
      do { try m.mount.revoke(lease) } catch { return (error as? EngineError)?.status }
      return nil
    }
    #expect(status(.unavailable) == 503)
    #expect(status(.brokeBefore) == 503)
    #expect(status(.refused) == 400)
  }
}
