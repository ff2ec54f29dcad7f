import EngineAPI
import Primitives
import Testing

@testable import Kernel

private func declared(_ path: String, _ options: [String: String] = [:]) -> AuditTableEntry {
  AuditTableEntry(path: path, type: "tape", description: "", local: false, options: options, isDeclared: true)
}

private func paths(_ world: World) throws -> [String] {
  try #require(world.node.state).audit.all.map(\.path)
}

@Test func stanzasComeAndGo() throws {
  let world = try World()
  try world.node.declare(auditDevices: [declared("a/"), declared("b/")])
  #expect(try paths(world) == ["a/", "b/"])
  let audit = try #require(world.node.state).audit
  let hash = audit.hash("b/", input: "x")
  try world.node.declare(auditDevices: [declared("b/"), declared("c/")])
  #expect(try paths(world) == ["b/", "c/"])
  // What stays keeps its key.
  #expect(audit.hash("b/", input: "x") == hash)
  // A change has no effect.
  try world.node.declare(auditDevices: [declared("b/", ["log_raw": "true"]), declared("c/")])
  #expect(audit.all.first == declared("b/"))
}

@Test func theAPIAndTheConfigurationLeaveEachOthersDevicesAlone() throws {
  let world = try World()
  let audit = try #require(world.node.state).audit
  let other = AuditTableEntry(path: "api/", type: "tape", description: "", local: false, options: [:])
  try audit.enable(other)
  try world.node.declare(auditDevices: [declared("api/"), declared("own/")])
  #expect(audit.all == [other, declared("own/")])
  #expect(throws: EngineError.self) { try audit.disable("own/") }
  try world.node.declare(auditDevices: [])
  #expect(audit.all == [other])
  try audit.disable("api/")
  #expect(audit.all.isEmpty)
}

@Test func oneBadStanzaDoesNotCostTheOthers() throws {
  let world = try World()
  let bad = AuditTableEntry(path: "bad/", type: "none", description: "", local: false, options: [:], isDeclared: true)
  #expect(throws: EngineError.self) { try world.node.declare(auditDevices: [bad, declared("good/")]) }
  #expect(try paths(world) == ["good/"])
}

/// A node that could not record what its configuration wants recorded does not serve.
@Test func stanzasAreAppliedAtUnsealing() throws {
  let world = try World()
  world.node.seal()
  try world.node.declare(auditDevices: [declared("a/")])
  try world.unseal()
  #expect(try paths(world) == ["a/"])
  world.node.seal()
  let bad = AuditTableEntry(path: "bad/", type: "none", description: "", local: false, options: [:], isDeclared: true)
  try world.node.declare(auditDevices: [declared("a/"), bad])
  #expect(throws: (any Error).self) { try world.unseal() }
  #expect(world.node.state == nil)
}
