import EngineAPI
import JSONText
import Primitives
import SecretMemory
import Testing

@testable import Kernel

struct LifecycleTests {
  @Test func aCrashDuringInitialisationLeavesNothingThatCannotBeMendedAnywhere() throws {
    let whole = try World(shares: 0)
    try whole.initialize(shares: 3, threshold: 2)
    let commits = whole.disk.commits
    #expect(commits > 3)

    for survived in 0...commits {
      let world = try World(shares: 0)
      world.disk.dieAfter(commits: survived)
      let isDone = (try? world.initialize(shares: 3, threshold: 2)) != nil
      #expect(isDone == (survived == commits))
      world.disk.dieAfter(commits: nil)

      try world.replaceNode()
      #expect(try world.node.isInitialized == isDone, "died after commit \(survived)")
      if !isDone { try world.initialize(shares: 3, threshold: 2) }
      for share in world.shares.suffix(2) { try world.node.unseal(share: share) }
      #expect(world.send(.read, "auth/token/lookup-self").data["policies"] == ["root"])
      #expect(throws: EngineError.invalid("Vault is already initialized")) { try world.initialize() }
      // What the attempt that died wrote is gone.
      #expect(try world.disk.keys("core/mounts/").count == 4)
    }
  }

  @Test func aCrashDuringTheFirstUnsealingDoesNotKeepTheNextFromUnsealing() throws {
    let whole = try World(shares: 0)
    try whole.initialize()
    let before = whole.disk.commits
    try whole.unseal()
    let commits = whole.disk.commits - before
    #expect(commits > 0)

    for survived in 0..<commits {
      let world = try World(shares: 0)
      try world.initialize()
      world.disk.dieAfter(commits: survived)
      #expect(throws: (any Error).self) { try world.unseal() }
      #expect(world.node.state == nil)
      world.disk.dieAfter(commits: nil)
      try world.unseal()
      #expect(world.send(.read, "sys/policies/acl/default").status == 200)
    }
  }

  private func status(_ world: World) -> JSONValue { world.send(.read, "sys/seal-status", token: "").json }

  private func give(_ share: SecretBytes, _ world: World) -> Answer {
    let text = share.withBytes { Hex.encode($0) }
    return world.send(.update, "sys/unseal", #"{"key":"\#(text)"}"#, token: "")
  }

  @Test func sharesAreCountedOnceAndForgottenAtReset() throws {
    let world = try World(shares: 0)
    #expect(status(world)["initialized"] == false)
    try world.initialize(shares: 5, threshold: 3)
    #expect(status(world)["t"] == 3 && status(world)["n"] == 5)

    let first = give(world.shares[0], world)
    #expect(first.json["progress"] == 1)
    let nonce = try #require(first.json["nonce"]?.stringValue)
    #expect(!nonce.isEmpty)
    #expect(give(world.shares[0], world).json["progress"] == 1)
    #expect(give(world.shares[1], world).json["progress"] == 2)
    #expect(status(world)["nonce"]?.stringValue == nonce)

    let reset = world.send(.update, "sys/unseal", #"{"reset":true}"#, token: "")
    #expect(reset.json["progress"] == 0)
    #expect(reset.json["nonce"] == "")
    #expect(give(world.shares[2], world).json["progress"] == 1)
    #expect(give(world.shares[0], world).json["sealed"] == true)
    #expect(give(world.shares[4], world).json["sealed"] == false)
    #expect(status(world)["progress"] == 0)
    #expect(world.send(.update, "sys/unseal", #"{"reset":true}"#, token: "").errors == ["vault is unsealed"])
  }

  @Test func wrongSharesDoNotUnsealAndTheRightOnesStillDo() throws {
    let world = try World(shares: 0)
    try world.initialize(shares: 3, threshold: 2)
    #expect(give(SecretBytes(copying: [UInt8](repeating: 1, count: 15)), world).status == 400)
    #expect(give(SecretBytes(copying: [UInt8](repeating: 1, count: 34)), world).status == 400)
    #expect(status(world)["progress"] == 0)

    var damaged = world.shares[1].withBytes { Array($0) }
    damaged[3] ^= 1
    _ = give(world.shares[0], world)
    let answer = give(SecretBytes(copying: damaged), world)
    #expect(answer.status == 400)
    #expect(status(world)["sealed"] == true)
    #expect(status(world)["progress"] == 0)
    _ = give(world.shares[0], world)
    #expect(give(world.shares[1], world).json["sealed"] == false)
  }

  @Test func sealingWaitsForRequestsUnderWayAndRefusesNewOnes() throws {
    let world = try World()
    world.enable("lock", "lock")
    let node = world.node
    let waiting = world.request(.read, "lock/wait")
    let late = world.request(.read, "sys/mounts")
    let under = Monitored<Answer?>(nil)
    let isSealed = Monitored(false)

    let reader = try #require(
      BackgroundThread {
        let answer = World.answer(RequestPipeline(node: node).handle(waiting))
        under.update { $0 = answer }
      })
    _ = Lock.door.wait { $0.isInside ? true : nil }
    let state = try #require(node.state)
    let sealer = try #require(
      BackgroundThread {
        node.seal()
        isSealed.update { $0 = true }
      })
    // From the moment that the gate closes nobody new comes in, though the other is still there.
    while state.gate.enter() { state.gate.leave() }
    #expect(World.answer(RequestPipeline(node: node).handle(late)).errors == ["Vault is sealed"])
    #expect(!isSealed.withLock { $0 })
    Lock.door.update { $0.isOpen = true }
    reader.join()
    sealer.join()
    #expect(under.withLock { $0 }?.data["inside"] == true)
    #expect(isSealed.withLock { $0 })
    #expect(world.send(.read, "sys/mounts").status == 503)
  }

  @Test func sealingByRequestDoesNotWaitForItself() throws {
    let world = try World()
    #expect(world.send(.update, "sys/seal").status == 204)
    #expect(world.send(.read, "secret/a").errors == ["Vault is sealed"])
    #expect(status(world)["sealed"] == true)
    // Nobody can show a token to a sealed node.
    #expect(world.send(.update, "sys/seal", token: "").status == 204)
    try world.unseal()
    #expect(world.send(.read, "sys/mounts").status == 200)
  }
}
