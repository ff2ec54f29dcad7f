import EngineAPI
import JSONText
import KVEngine
import Primitives
import StorageAPI
import Testing

@testable import Kernel

struct MountTests {
  private func prefix(_ world: World, _ path: String) throws -> String {
    try #require(world.node.state?.mounts.mount(.secret, path)).entry.storagePrefix
  }

  @Test func aMountInTheWayIsRefusedFromBothSides() throws {
    let world = try World()
    world.enable("team/app", "kv")
    for path in ["team/app", "team/app/deep", "team"] {
      let answer = world.send(.update, "sys/mounts/\(path)", #"{"type":"kv"}"#)
      #expect(answer.status == 400, "\(path)")
      #expect(answer.errors == ["path is already in use at team/app/"])
    }
    world.enable("team/application", "kv")
    world.enable("team/ap", "kv")
    for path in ["sys", "auth/a", "cubbyhole/deep", "identity", "audit/a"] {
      #expect(world.send(.update, "sys/mounts/\(path)", #"{"type":"kv"}"#).status == 400, "\(path)")
    }
  }

  @Test func aMoveKeepsDataAndAccessorAndFreesTheOldPath() throws {
    let world = try World()
    world.enable("old", "kv")
    world.send(.update, "old/a", #"{"v":1}"#)
    let accessor = world.send(.read, "sys/mounts/old").data["accessor"]
    let move = world.send(.update, "sys/remount", #"{"from":"old","to":"new/deep"}"#)
    #expect(move.status == 200)
    let id = try #require(move.data["migration_id"]?.stringValue)
    #expect(world.send(.read, "sys/remount/status/\(id)").data["migration_info"]?["status"] == "success")
    for _ in 0..<2 {
      #expect(world.send(.read, "old/a").status == 404)
      #expect(world.send(.read, "new/deep/a").data["v"] == 1)
      #expect(world.send(.read, "sys/mounts/new/deep").data["accessor"] == accessor)
      try world.restart()
    }
    world.enable("old", "kv")
    #expect(world.send(.read, "old/a").status == 404)
  }

  /// Which of several mounts in the way is met first is a matter of hashing, so that many names are tried.
  @Test func aMoveDoesNotEndAboveOrBelowOtherMounts() throws {
    let world = try World()
    for name in 0..<12 {
      let top = "top\(name)"
      for path in ["\(top)/a", "\(top)/b", "\(top)/c"] { world.enable(path, "kv") }
      let up = world.send(.update, "sys/remount", #"{"from":"\#(top)/a","to":"\#(top)"}"#)
      #expect(up.status == 400)
      let down = world.send(.update, "sys/remount", #"{"from":"\#(top)/a","to":"\#(top)/b/deep"}"#)
      #expect(down.status == 400)
      #expect(world.send(.update, "sys/remount", #"{"from":"\#(top)/a","to":"\#(top)/a"}"#).status == 400)
    }
    world.enable("alone/a", "kv")
    #expect(world.send(.update, "sys/remount", #"{"from":"alone/a","to":"alone"}"#).status == 200)
  }

  @Test(arguments: ["1", "2"]) func disablingDeletesAllThatTheMountStored(version: String) throws {
    let world = try World()
    world.enable("gone", "kv", options: #"{"version":"\#(version)"}"#)
    world.enable("kept", "kv", options: #"{"version":"\#(version)"}"#)
    let folder = version == "1" ? "" : "data/"
    for key in ["a", "deep/b", "deep/er/c"] {
      for mount in ["gone", "kept"] {
        let answer = world.send(.update, "\(mount)/\(folder)\(key)", #"{"data":{"v":1}}"#)
        #expect(answer.status < 300, "\(answer.text)")
      }
    }
    let gone = try prefix(world, "gone/")
    let kept = try prefix(world, "kept/")
    let keptKeys = try world.disk.keys(kept)
    #expect(try !world.disk.keys(gone).isEmpty)
    #expect(!keptKeys.isEmpty)
    #expect(world.send(.delete, "sys/mounts/gone").status == 204)
    #expect(try world.disk.keys(gone).isEmpty)
    #expect(try world.disk.keys(kept) == keptKeys)
    try world.restart()
    #expect(world.send(.read, "gone/a").status == 404)
    #expect(world.send(.read, "kept/\(folder)deep/b").status == 200)
  }

  @Test func aMountThatCouldNotBeDeletedGoesOn() throws {
    let world = try World()
    world.enable("secret", "kv")
    world.send(.update, "secret/a", #"{"v":1}"#)
    world.disk.dieAfter(commits: 0)
    #expect(world.send(.delete, "sys/mounts/secret").status >= 500)
    #expect(world.send(.update, "sys/remount", #"{"from":"secret","to":"other"}"#).status >= 500)
    #expect(world.send(.update, "sys/mounts/more", #"{"type":"kv"}"#).status >= 500)
    #expect(world.send(.update, "sys/mounts/secret/tune", #"{"description":"new"}"#).status >= 500)
    world.disk.dieAfter(commits: nil)
    for _ in 0..<2 {
      #expect(world.send(.read, "secret/a").data["v"] == 1)
      #expect(world.send(.read, "other/a").status == 404)
      #expect(world.send(.read, "sys/mounts/more").status == 400)
      #expect(world.send(.read, "sys/mounts/secret").data["description"] == "")
      try world.restart()
    }
  }

  @Test func anUpgradeToVersion2ThatIsInterruptedAnywhereLosesNothing() throws {
    func begin() throws -> World {
      let world = try World()
      world.enable("secret", "kv")
      for key in ["a", "deep/b", "deep/er/c", "z"] { world.send(.update, "secret/\(key)", #"{"v":"\#(key)"}"#) }
      return world
    }
    let tune = #"{"options":{"version":"2"}}"#
    let whole = try begin()
    let before = whole.disk.commits
    let answer = whole.send(.update, "sys/mounts/secret/tune", tune)
    let commits = whole.disk.commits - before
    #expect(answer.status == 200)
    #expect(answer.warnings?.count == 1)
    #expect(whole.send(.read, "secret/data/a").data["data"]?["v"] == "a")
    #expect(whole.send(.update, "sys/mounts/secret/tune", #"{"options":{"version":"1"}}"#).status == 400)
    #expect(commits > 2)

    for survived in 0..<commits {
      for restarts in [true, false] {
        let world = try begin()
        world.disk.dieAfter(commits: survived)
        #expect(world.send(.update, "sys/mounts/secret/tune", tune).status >= 500)
        world.disk.dieAfter(commits: nil)
        if restarts { try world.restart() }
        // Where the tuning itself was lost it is done again; where it was not, this changes nothing.
        #expect(world.send(.update, "sys/mounts/secret/tune", tune).status < 300)
        for key in ["a", "deep/b", "deep/er/c", "z"] {
          let read = world.send(.read, "secret/data/\(key)")
          #expect(
            read.data["data"]?["v"]?.stringValue == key,
            "after commit \(survived), \(restarts ? "restarted" : "running"): \(read.text)")
        }
      }
    }
  }

  @Test func mountsOfUnknownEnginesAreKeptAndNotServed() throws {
    let world = try World()
    world.enable("secret", "kv")
    world.enable("other", "lock")
    world.send(.update, "secret/a", #"{"v":1}"#)
    let keys = try world.disk.keys(try prefix(world, "secret/"))
    try world.restart(engines: World.engines.filter { $0.name != "kv" })
    #expect(world.send(.read, "secret/a").status == 501)
    #expect(world.send(.read, "sys/mounts").data["other/"] != nil)
    // Nobody else gets its path, which it comes back to.
    for path in ["secret", "secret/deep"] {
      #expect(world.send(.update, "sys/mounts/\(path)", #"{"type":"lock"}"#).status == 400)
    }
    #expect(world.send(.update, "sys/remount", #"{"from":"other","to":"secret"}"#).status == 400)
    #expect(try !keys.isEmpty && Set(world.disk.keys()).isSuperset(of: keys))
    try world.restart()
    #expect(world.send(.read, "secret/a").data["v"] == 1)
  }

  @Test func tunedTimesHoldWithinTheirLimits() throws {
    let world = try World()
    world.enable("secret", "kv")
    let tune = "sys/mounts/secret/tune"
    #expect(world.send(.update, tune, #"{"default_lease_ttl":"1h","max_lease_ttl":"2h"}"#).status == 204)
    #expect(world.send(.update, tune, #"{"default_lease_ttl":"3h"}"#).status == 400)
    world.send(.update, "secret/a", #"{"v":1}"#)
    for _ in 0..<2 {
      #expect(world.send(.read, tune).data["default_lease_ttl"] == 3600)
      #expect(world.send(.read, "secret/a").json["lease_duration"] == 3600)
      try world.restart()
    }
  }
}
