import EngineAPI
import JSONText
import Primitives
import Testing

@testable import Kernel

struct IdentityTests {
  private func login(_ world: World, _ name: String) -> Answer {
    world.send(.update, "auth/badge/login", #"{"name":"\#(name)"}"#, token: "")
  }

  private func visitor() throws -> (world: World, token: String, entity: String) {
    let world = try World()
    #expect(world.send(.update, "sys/auth/badge", #"{"type":"badge"}"#).status == 204)
    world.enable("secret", "kv")
    for team in ["red", "blue"] { world.send(.update, "secret/\(team)", #"{"v":"\#(team)"}"#) }
    try world.policy(
      "team", #"path "secret/{{identity.entity.metadata.team}}" { capabilities = ["read"] }"#)
    let auth = login(world, "ada").json["auth"]
    return (
      world, try #require(auth?["client_token"]?.stringValue), try #require(auth?["entity_id"]?.stringValue)
    )
  }

  @Test func templatesFollowTheEntityAtOnce() throws {
    let (world, token, entity) = try visitor()
    func may(_ team: String) -> Bool { world.send(.read, "secret/\(team)", token: token).status == 200 }
    #expect(!may("red") && !may("blue"))
    let path = "identity/entity/id/\(entity)"
    #expect(world.send(.update, path, #"{"policies":["team"],"metadata":{"team":"red"}}"#).status < 300)
    #expect(may("red") && !may("blue"))
    #expect(world.send(.update, path, #"{"metadata":{"team":"blue"}}"#).status < 300)
    #expect(!may("red") && may("blue"))
    try world.restart()
    #expect(!may("red") && may("blue"))
    #expect(world.send(.update, path, #"{"policies":["none"]}"#).status < 300)
    #expect(!may("blue"))
  }

  @Test func disabledEntitiesAreRefusedUntilTheyAreEnabled() throws {
    let (world, token, entity) = try visitor()
    let path = "identity/entity/id/\(entity)"
    let lookup = "auth/token/lookup-self"
    #expect(world.send(.read, lookup, token: token).status == 200)
    #expect(world.send(.update, path, #"{"disabled":true}"#).status < 300)
    #expect(world.send(.read, lookup, token: token).status == 403)
    #expect(login(world, "ada").status == 403)
    #expect(login(world, "bob").status == 200)
    try world.restart()
    #expect(world.send(.read, lookup, token: token).status == 403)
    #expect(world.send(.update, path, #"{"disabled":false}"#).status < 300)
    #expect(world.send(.read, lookup, token: token).status == 200)
    #expect(login(world, "ada").json["auth"]?["entity_id"]?.stringValue == entity)
    #expect(world.send(.delete, path).status == 204)
    #expect(world.send(.read, lookup, token: token).status == 403)
  }
}
