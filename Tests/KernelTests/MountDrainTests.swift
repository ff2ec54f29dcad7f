import EngineAPI
import JSONText
import Primitives
import Testing

@testable import Kernel

/// Writes a key for each request, but only when the test opens the door.
private struct Held: Engine {
  struct Door {
    var inside = 0
    var isOpen = false
    var events: [String] = []
  }

  let context: MountContext
  let door: Monitored<Door>

  static func type(_ door: Monitored<Door>) -> EngineType {
    EngineType(name: "held", mountClass: .secret, version: "v1") { MountedEngine(Held(context: $0, door: door)) }
  }

  static let routes: [Route<Held>] = [
    Route("lease", summary: "A secret with a lease", [.read: { engine, _ in engine.lease() }]),
    Route("{key}", summary: "Writes when the door is open", [.update: { try $0.write($1) }]),
  ]

  private func lease() -> Reply {
    var reply = Reply.data(["a": 1])
    reply.lease = LeaseRequest(kind: "held", internalData: [:], ttl: .seconds(60), maxTTL: .zero, renewable: false)
    return reply
  }

  private func write(_ call: Call) throws -> Reply {
    door.update { $0.inside += 1 }
    _ = door.wait { $0.isOpen ? true : nil }
    try context.storage.put(call.capture("key"), [1])
    door.update { $0.events.append("written") }
    return .none
  }

  func revoke(_ lease: LeaseRequest) throws { door.update { $0.events.append("revoked") } }
  func close() { door.update { $0.events.append("closed") } }
}

/// A node with the engine above at `held/`, and requests that wait inside it.
private final class Hall {
  let world: World
  let door = Monitored(Held.Door())
  let mount: Mount
  let prefix: String
  private let answers = Locked<[Answer]>([])
  private var threads: [BackgroundThread] = []

  init() throws {
    world = try World()
    try world.restart(engines: World.engines + [Held.type(door)])
    world.enable("held", "held")
    mount = try #require(world.node.state?.mounts.mount(.secret, "held/"))
    prefix = mount.entry.storagePrefix
  }

  var table: MountTable { get throws { try #require(world.node.state).mounts } }

  func background(_ body: @escaping @Sendable () -> Void) throws {
    threads.append(try #require(BackgroundThread(body)))
  }

  /// Returns when as many requests are inside.
  func occupy(_ count: Int) throws {
    let pipeline = RequestPipeline(node: world.node)
    for number in 0..<count {
      let request = world.request(.update, "held/k\(number)")
      try background { [answers] in
        let answer = World.answer(pipeline.handle(request))
        answers.withLock { $0.append(answer) }
      }
    }
    _ = door.wait { $0.inside == count ? true : nil }
  }

  /// Returns what those inside got.
  func open() -> [Answer] {
    door.update { $0.isOpen = true }
    for thread in threads { thread.join() }
    threads = []
    return answers.withLock { $0 }
  }
}

struct MountDrainTests {
  private static func unmounted(_ path: String) -> [String] {
    ["no handler for route \"\(path)\". route entry not found."]
  }

  @Test func disablingWaitsForThoseInsideAndLeavesNothing() throws {
    let hall = try Hall()
    hall.world.send(.read, "held/lease")
    try hall.occupy(3)
    let pipeline = RequestPipeline(node: hall.world.node)
    let disabling = hall.world.request(.delete, "sys/mounts/held")
    let status = Locked(0)
    try hall.background {
      let answer = pipeline.handle(disabling)
      status.withLock { $0 = answer.status }
    }
    while hall.mount.takesRequests {}
    let late = hall.world.send(.update, "held/late")
    #expect(late.status == 404)
    #expect(late.errors == Self.unmounted("held/late"))
    #expect(status.withLock { $0 } == 0)
    #expect(hall.door.withLock { $0.events } == [])
    #expect(hall.open().map(\.status) == [204, 204, 204])
    #expect(status.withLock { $0 } == 204)
    #expect(hall.door.withLock { $0.events } == ["written", "written", "written", "revoked", "closed"])
    #expect(try hall.world.disk.keys(hall.prefix) == [])
    #expect(hall.world.send(.update, "held/later").errors == Self.unmounted("held/later"))
  }

  @Test func whoStaysTooLongInsideWritesNothing() throws {
    let hall = try Hall()
    try hall.occupy(2)
    try hall.table.remove(hall.mount, patience: .zero) {}
    for answer in hall.open() {
      #expect(answer.status == 404)
      #expect(answer.errors?.first?.hasPrefix("no handler for route") == true)
    }
    #expect(try hall.world.disk.keys(hall.prefix) == [])
  }

  @Test func aMoveWaitsForThoseInside() throws {
    let hall = try Hall()
    try hall.occupy(2)
    let pipeline = RequestPipeline(node: hall.world.node)
    let move = hall.world.request(.update, "sys/remount", #"{"from":"held","to":"moved"}"#)
    let status = Locked(0)
    try hall.background {
      let answer = pipeline.handle(move)
      status.withLock { $0 = answer.status }
    }
    while hall.mount.takesRequests {}
    #expect(hall.world.send(.update, "held/late").errors == Self.unmounted("held/late"))
    #expect(status.withLock { $0 } == 0)
    #expect(hall.mount.entry.path == "held/")
    #expect(hall.open().map(\.status) == [204, 204])
    #expect(status.withLock { $0 } == 200)
    #expect(hall.world.send(.update, "held/a").status == 404)
    #expect(hall.world.send(.update, "moved/a").status == 204)
    #expect(try hall.world.disk.keys(hall.prefix).count == 3)
  }

  @Test func aMountThatStaysTakesRequestsAgain() throws {
    let hall = try Hall()
    hall.door.update { $0.isOpen = true }
    #expect(throws: EngineError.notFound) { try hall.table.remove(hall.mount) { throw EngineError.notFound } }
    #expect(throws: EngineError.notFound) {
      try hall.table.move(hall.mount, to: "moved/") { throw EngineError.notFound }
    }
    #expect(hall.world.send(.update, "held/a").status == 204)
  }

  @Test func whatIsGoneIsNeitherMovedNorTakenAwayAgain() throws {
    let hall = try Hall()
    hall.door.update { $0.isOpen = true }
    try hall.table.remove(hall.mount) {}
    hall.world.enable("held", "held")
    try hall.table.remove(hall.mount) { Issue.record("the mount is gone") }
    #expect(throws: EngineError.self) { try hall.table.move(hall.mount, to: "moved/") {} }
    #expect(throws: EngineError.self) { try hall.table.change(hall.mount) { $0.description = "back" } }
    #expect(!hall.mount.takesRequests)
    #expect(hall.world.send(.update, "held/a").status == 204)
    #expect(hall.world.send(.read, "sys/mounts/held").data["description"] == "")
  }

  @Test func writersAtFullSpeedLeaveNothingBehind() throws {
    let world = try World()
    let pipeline = RequestPipeline(node: world.node)
    for round in 0..<20 {
      world.enable("fast", "kv")
      let prefix = try #require(world.node.state?.mounts.mount(.secret, "fast/")).entry.storagePrefix
      let begun = Monitored(0)
      var threads: [BackgroundThread] = []
      for writer in 0..<3 {
        let requests = (0..<200).map { world.request(.update, "fast/\(writer)/\($0)", #"{"v":1}"#) }
        threads.append(
          try #require(
            BackgroundThread {
              for request in requests {
                let status = pipeline.handle(request).status
                if status == 404 { break }
                if status != 204 { Issue.record("\(status)") }
                begun.update { $0 += 1 }
              }
            }))
      }
      _ = begun.wait { $0 > round ? true : nil }
      #expect(world.send(.delete, "sys/mounts/fast").status == 204)
      for thread in threads { thread.join() }
      #expect(try world.disk.keys(prefix) == [])
    }
  }
}

struct GateTests {
  @Test func itLetsInWhileItIsOpen() {
    let gate = Gate()
    var entered = [gate.enter(), gate.enter()]
    #expect(entered == [true, true])
    var isEmpty = gate.close(atMost: .zero)
    #expect(!isEmpty)
    entered = [gate.enter()]
    #expect(entered == [false])
    gate.leave()
    gate.leave()
    isEmpty = gate.close(atMost: .zero)
    #expect(isEmpty)
    gate.open()
    #expect(!gate.isClosed)
    entered = [gate.enter()]
    #expect(entered == [true])
  }

  @Test func theLastOneOutWakesWhoWaits() throws {
    for _ in 0..<200 {
      let gate = Gate()
      let inside = gate.enter()
      #expect(inside)
      let leaver = try #require(BackgroundThread { gate.leave() })
      let isEmpty = gate.close()
      #expect(isEmpty)
      leaver.join()
    }
  }
}
