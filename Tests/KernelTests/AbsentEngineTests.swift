import EngineAPI
import JSONText
import Primitives
import Testing

@testable import Kernel

/// Mounts whose engine is not in the program, as after a step back to an older version.
struct AbsentEngineTests {
  /// Has a lease and a stored key at `lent/`, which outlives the engine.
  private struct Lender: Engine {
    static let type = EngineType(name: "lender", mountClass: .secret, version: "v1") { context in
      MountedEngine(Lender(context: context))
    }
    static let routes: [Route<Lender>] = [
      Route(
        "lease", summary: "A secret with a lease",
        [
          .read: { engine, _ in
            try engine.context.storage.put("kept", [1])
            var reply = Reply.data(["a": 1])
            reply.lease = LeaseRequest(
              kind: "lent", internalData: [:], ttl: .seconds(600), maxTTL: .zero, renewable: true)
            return reply
          }
        ])
    ]
    let context: MountContext
  }

  private static let known = World.engines + [Lender.type]

  /// - Returns: a world without `lender` and `badge`, and the prefix and lease of what `lender` left.
  private func olderWorld() throws -> (world: World, prefix: String, lease: String) {
    let world = try World()
    try world.restart(engines: Self.known)
    world.enable("lent", "lender", options: #"{"colour":"blue"}"#)
    #expect(world.send(.update, "sys/auth/badge", #"{"type":"badge"}"#).status == 204)
    let lease = try #require(world.send(.read, "lent/lease").json["lease_id"]?.stringValue)
    let prefix = try #require(world.node.state?.mounts.mount(.secret, "lent/")).entry.storagePrefix
    try world.restart(engines: World.engines.filter { $0.name != "badge" })
    return (world, prefix, lease)
  }

  @Test func theMountIsListedAsItIsStored() throws {
    let (world, _, _) = try olderWorld()
    let listed = try #require(world.send(.read, "sys/mounts").data["lent/"])
    #expect(listed["type"] == "lender")
    #expect(listed["options"]?["colour"] == "blue")
    #expect(listed["running_plugin_version"] == "")
    #expect(world.send(.read, "sys/mounts/lent").data["accessor"] == listed["accessor"])
    #expect(world.send(.read, "sys/auth").data["badge/"]?["type"] == "badge")
    #expect(world.send(.read, "sys/mounts/lent/tune").status == 200)
  }

  @Test func itsRequestsAreToldWhy() throws {
    let (world, _, lease) = try olderWorld()
    let why = { (engine: String) in
      ["the engine \"\(engine)\" of this mount is not in this program; its data is kept and not served"]
    }
    for operation in [EngineAPI.Operation.read, .list, .update, .delete] {
      let answer = world.send(operation, "lent/lease")
      #expect(answer.status == 501)
      #expect(answer.errors == why("lender"))
    }
    let login = world.send(.update, "auth/badge/login", #"{"name":"bob"}"#, token: "")
    #expect(login.status == 501)
    #expect(login.errors == why("badge"))
    // What the mount holds is nobody's business without a right to it.
    #expect(world.send(.read, "lent/lease", token: "").status == 403)
    #expect(world.send(.update, "sys/leases/renew", #"{"lease_id":"\#(lease)"}"#).status >= 400)
    #expect(world.send(.update, "sys/leases/lookup", #"{"lease_id":"\#(lease)"}"#).status == 200)
    let document = world.send(.read, "sys/internal/specs/openapi").text
    #expect(document.contains("\"/sys/mounts/"))
    #expect(!document.contains("\"/lent/"))
  }

  @Test func itComesBackWithItsEngine() throws {
    let (world, prefix, lease) = try olderWorld()
    // Its lease cannot be taken back, so it stays where it is, and the answer's id says so.
    let move = world.send(.update, "sys/remount", #"{"from":"lent","to":"elsewhere"}"#)
    let id = try #require(move.json["data"]?["migration_id"]?.stringValue)
    let info = world.send(.read, "sys/remount/status/\(id)").json["data"]?["migration_info"]
    #expect(info?["status"]?.stringValue == "failure")
    try world.restart(engines: Self.known)
    #expect(world.send(.read, "lent/lease").status == 200)
    #expect(try world.disk.keys(prefix).count == 1)
    #expect(!lease.isEmpty)
  }

  @Test func itIsDisabledWithItsDataAndLeases() throws {
    let (world, prefix, lease) = try olderWorld()
    #expect(try !world.disk.keys(prefix).isEmpty)
    #expect(world.send(.delete, "sys/mounts/lent").status == 204)
    #expect(world.send(.delete, "sys/auth/badge").status == 204)
    for _ in 0..<2 {
      #expect(try world.disk.keys(prefix).isEmpty)
      #expect(world.send(.read, "lent/lease").status == 404)
      #expect(world.send(.read, "sys/mounts").data["lent/"] == nil)
      #expect(world.send(.read, "sys/auth").data["badge/"] == nil)
      #expect(world.send(.update, "sys/leases/lookup", #"{"lease_id":"\#(lease)"}"#).status == 400)
      try world.restart(engines: Self.known)
    }
    world.enable("lent", "kv")
  }
}
