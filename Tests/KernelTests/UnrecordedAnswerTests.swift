import EngineAPI
import JSONText
import Primitives
import Testing

@testable import Kernel

/// What becomes of leases whose answers the audit log could not take.
struct UnrecordedAnswerTests {
  private struct Lender: Engine {
    static let type = EngineType(name: "lender", mountClass: .secret, version: "v1") { _ in MountedEngine(Lender()) }
    static let routes: [Route<Lender>] = [
      Route(
        "lease", summary: "A secret with a lease",
        [
          .update: { _, _ in
            var reply = Reply.data(["a": 1])
            reply.lease = LeaseRequest(
              kind: "lent", internalData: [:], ttl: .seconds(600), maxTTL: .zero, renewable: true)
            return reply
          }
        ])
    ]

    func renew(_ lease: LeaseRequest, increment: TimeSpan) throws -> LeaseRequest { lease }
    func revoke(_ lease: LeaseRequest) throws {}
  }

  private func recordedWorld() throws -> World {
    let world = try World()
    try world.restart(engines: World.engines + [Lender.type])
    world.enable("lent", "lender")
    #expect(world.send(.update, "sys/audit/tape", #"{"type":"tape"}"#).status == 204)
    return world
  }

  private func leases(_ world: World) throws -> [String] {
    let entries = world.send(.list, "sys/leases/lookup/lent/lease")
    return entries.data["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
  }

  @Test func aNewLeaseEnds() throws {
    let world = try recordedWorld()
    world.tape.failAfter(writes: 1)
    #expect(world.send(.update, "lent/lease").status == 500)
    world.tape.failAfter(writes: nil)
    #expect(world.send(.update, "sys/leases/tidy").status < 300)
    for name in try leases(world) {
      let lookup = world.send(.update, "sys/leases/lookup", #"{"lease_id":"lent/lease/\#(name)"}"#)
      #expect(lookup.data["renewable"] == false)
    }
  }

  @Test func aRenewedLeaseLives() throws {
    let world = try recordedWorld()
    let lease = try #require(world.send(.update, "lent/lease").json["lease_id"]?.stringValue)
    world.tape.failAfter(writes: 1)
    #expect(world.send(.update, "sys/leases/renew", #"{"lease_id":"\#(lease)"}"#).status == 500)
    world.tape.failAfter(writes: nil)
    let lookup = world.send(.update, "sys/leases/lookup", #"{"lease_id":"\#(lease)"}"#)
    #expect(lookup.data["renewable"] == true)
    #expect(world.send(.update, "sys/leases/renew", #"{"lease_id":"\#(lease)"}"#).status == 200)
  }
}
