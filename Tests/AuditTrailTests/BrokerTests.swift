import AuditAPI
import AuditTrail
import Glibc
import JSONText
import Primitives
import Testing

@Test func withoutDevicesEverythingPasses() throws {
  let trail = Trail([:])
  #expect(!trail.broker.isEnabled)
  try trail.broker.response(try trail.broker.request(request(), by: nil), nil)
}

@Test func refusalsByConfiguration() throws {
  let trail = Trail(["tape": Tape(), "other": Tape()])
  #expect(trail.refusal("nosuch") == "unknown backend type: \"nosuch\": invalid configuration")
  #expect(trail.refusal("") == "unknown backend type: \"\": invalid configuration")
  #expect(
    trail.refusal("tape", options: ["prefix": "P:"])
      == "audit prefixing is not enabled in configuration, audit prefixing may not be configured for tape sinks")
  let create = "unable to create new audit backend: "
  #expect(
    trail.refusal("tape", options: ["log_raw": "si"]) == create + "unable to parse \"log_raw\": invalid configuration")
  #expect(trail.refusal("tape", options: ["format": "xml"]) == create + "unsupported \"format\": invalid configuration")
  #expect(trail.refusal("tape", options: ["filter": "user == x"]).hasPrefix(create + "unable to parse \"filter\": "))
  #expect(trail.refusal("tape", options: ["exclude": "[{}]"]).hasPrefix(create + "unable to parse \"exclude\": "))
  #expect(
    trail.refusal("tape", options: ["filter": "path == x", "fallback": "true"])
      == create + "cannot configure a fallback device with a filter: invalid configuration")
  #expect(trail.broker.paths.isEmpty)
  try trail.enable("tape", at: "main")
  #expect(trail.refusal("other", at: "main/") == "path already in use: invalid configuration")
  #expect(trail.refusal("other", at: "main/sub") == "path already in use: invalid configuration")
  #expect(trail.refusal("other", at: "mainland") == "")
  #expect(trail.broker.paths == ["main/", "mainland/"])
}

/// Of what changes nothing, devices get both entries in one write, and the times at which they were made.
@Test func aRequestWithoutEffectIsRecordedWithItsAnswer() throws {
  let tape = Tape()
  let late = Tape()
  let trail = Trail(["tape": tape, "late": late])
  try trail.enable("tape")
  let auth = AuditCaller(tokenAuth())
  let receipt = try trail.broker.request(request("read"), by: auth, error: "denied", waitsForAnswer: true)
  #expect(tape.lines.isEmpty)
  try trail.enable("late")
  try trail.broker.response(receipt, AuditResponse(mount: nil), error: "denied")
  for tape in [tape, late] {
    #expect(try tape.entries().map { $0["type"] } == ["request", "response"])
    #expect(try tape.entries().map { $0["error"] } == ["denied", "denied"])
    #expect(try tape.entries().map { $0["auth"]?["display_name"] } == ["token", "token"])
    #expect(tape.state.withLock { $0.writes } == 1)
  }
}

@Test func anAnswerWhoseEntriesNoDeviceTakesIsNotGiven() throws {
  let tape = Tape()
  let trail = Trail(["tape": tape])
  try trail.enable("tape")
  tape.state.update { $0.fails = true }
  let receipt = try trail.broker.request(request("read"), by: nil, waitsForAnswer: true)
  #expect(throws: AuditFailure(devices: ["tape/"])) { try trail.broker.response(receipt, AuditResponse(mount: nil)) }
  let shown = trail.metrics.prometheus()
  #expect(shown.contains("vault_audit_log_request_failure 1"))
  #expect(shown.contains("vault_audit_log_response_failure 1"))
  #expect(shown.contains("vault_audit_log_request_count 1"))
  #expect(shown.contains("vault_audit_device_log_request_failure{device=\"tape/\"} 1"))
  #expect(shown.contains("vault_audit_device_log_response_failure{device=\"tape/\"} 1"))
}

@Test func enablingWritesATestEntry() throws {
  let tape = Tape()
  let broken = Tape()
  broken.state.update { $0.fails = true }
  let trail = Trail(["tape": tape, "broken": broken])
  try trail.enable("tape", options: ["skip_test": "false"])
  #expect(try tape.last()["request"]?["path"] == "sys/audit/test")
  #expect(try tape.last()["type"] == "request")
  #expect(trail.refusal("broken", options: ["skip_test": "0"]) == "audit backend failed test message: broken")
  #expect(broken.state.withLock { $0.isClosed })
  #expect(trail.refusal("broken") == "")
}

@Test func oneDeviceIsEnough() throws {
  let good = Tape()
  let bad = Tape()
  bad.state.update { $0.fails = true }
  let trail = Trail(["good": good, "bad": bad])
  try trail.enable("bad")
  try trail.enable("good")
  let receipt = try trail.broker.request(request(), by: nil)
  try trail.broker.response(receipt, nil)
  #expect(good.lines.count == 2)
  #expect(trail.logged.withLock { $0 }.filter { $0.contains("audit device fails: path=bad/ error=broken") }.count == 1)
  #expect(trail.metrics.counter("vault.audit.device.log_request_failure", [("device", "bad/")]).total == 1)
  #expect(trail.metrics.counter("vault.audit.log_request_failure").total == 0)
  good.state.update { $0.fails = true }
  #expect(throws: AuditFailure(devices: ["bad/", "good/"])) { try trail.broker.request(request(), by: nil) }
  #expect(throws: AuditFailure(devices: ["bad/", "good/"])) { try trail.broker.response(receipt, nil) }
  #expect(trail.metrics.counter("vault.audit.log_request_failure").total == 1)
  bad.state.update { $0.fails = false }
  _ = try trail.broker.request(request(), by: nil)
  #expect(trail.logged.withLock { $0 }.contains { $0.contains("audit device works again: path=bad/") })
}

@Test func filtersAndFallback() throws {
  let kv = Tape()
  let rest = Tape()
  let trail = Trail(["kv": kv, "rest": rest])
  try trail.enable("kv", options: ["filter": "mount_type == kv and operation != read"])
  // Nobody has to have it.
  _ = try trail.broker.request(request("read"), by: nil)
  #expect(kv.lines.isEmpty)
  try trail.enable("rest", options: ["fallback": "true"])
  try trail.broker.response(try trail.broker.request(request("read"), by: nil), nil)
  try trail.broker.response(try trail.broker.request(request("update"), by: nil), nil)
  #expect(rest.lines.count == 2 && kv.lines.count == 2)
  kv.state.update { $0.fails = true }
  #expect(throws: AuditFailure.self) { try trail.broker.request(request("update"), by: nil) }
}

@Test func onlyOneFallback() throws {
  let trail = Trail(["a": Tape(), "b": Tape()])
  try trail.enable("a", options: ["fallback": "true"])
  #expect(
    trail.refusal("b", options: ["fallback": "true"]) == "a fallback device is enabled already: invalid configuration")
}

@Test func devicesComeAndGoBetweenRequestAndResponse() throws {
  let first = Tape()
  let second = Tape()
  let trail = Trail(["first": first, "second": second])
  try trail.enable("first")
  var write = request()
  write.data = ["a": 1]
  let receipt = try trail.broker.request(write, by: AuditCaller(tokenAuth()))
  try trail.enable("second")
  #expect(trail.broker.remove("first"))
  #expect(!trail.broker.remove("first"))
  try trail.broker.response(receipt, nil)
  #expect(first.lines.count == 1 && first.state.withLock { $0.isClosed })
  #expect(try second.last()["request"] == (try first.last()["request"]))
  #expect(try second.last()["auth"] == (try first.last()["auth"]))
  trail.broker.reopen()
  #expect(second.state.withLock { $0.reopened } == 1)
  trail.broker.removeAll()
  try trail.broker.response(receipt, nil)
  #expect(second.state.withLock { $0.isClosed } && second.lines.count == 1)
}

/// With a thread of its own a device that never returns costs the first caller no more than the bound.
@Test func aDeviceThatHangsIsBounded() throws {
  let hung = Tape(isPrompt: false)
  let good = Tape()
  hung.state.update { $0.blocks = true }
  let trail = Trail(["hung": hung, "good": good], bound: .milliseconds(20))
  try trail.enable("hung")
  #expect(throws: AuditFailure.self) { try trail.broker.request(request(), by: nil) }
  try trail.enable("good")
  _ = try trail.broker.request(request(), by: nil)
  #expect(good.lines.count == 1)
  hung.state.update { $0.blocks = false }
  // What waited gets there after all, and the device is used again.
  _ = hung.state.wait(atMost: .seconds(30)) { $0.bytes.isEmpty ? nil : true }
  #expect(trail.broker.remove("good"))
  while (try? trail.broker.request(request(), by: nil)) == nil {}
  trail.broker.removeAll()
  #expect(hung.state.wait(atMost: .seconds(30)) { $0.isClosed ? true : nil } == true)
}

/// A prompt device that hangs nevertheless holds whoever writes, and nobody else.
@Test func whoWaitsForAnotherThreadsWriteIsBounded() throws {
  let hung = Tape()
  let trail = Trail(["hung": hung], bound: .milliseconds(20))
  try trail.enable("hung")
  hung.state.update { $0.blocks = true }
  let broker = trail.broker
  let first = Thread { _ = try? broker.request(request(), by: nil) }
  _ = hung.state.wait { $0.isBlocked ? true : nil }
  #expect(throws: AuditFailure.self) { try broker.request(request(), by: nil) }
  hung.state.update { $0.blocks = false }
  first.join()
  _ = try broker.request(request(), by: nil)
  #expect(hung.lines.count == 3)
}

@Test(arguments: [true, false])
func entriesOfManyThreadsAreWholeAndComplete(isPrompt: Bool) throws {
  let tape = Tape(isPrompt: isPrompt)
  let trail = Trail(["tape": tape])
  try trail.enable("tape")
  let broker = trail.broker
  let threads = (0..<8).map { number in
    Thread {
      for turn in 0..<200 {
        let receipt = try? broker.request(
          AuditRequest(id: "\(number).\(turn)", operation: "read", path: "p"), by: nil)
        if let receipt { try? broker.response(receipt, nil) }
      }
    }
  }
  for thread in threads { thread.join() }
  let entries = try tape.entries()
  #expect(entries.count == 8 * 200 * 2)
  #expect(Set(entries.compactMap { $0["request"]?["id"]?.stringValue }).count == 8 * 200)
  broker.removeAll()
  #expect(tape.state.wait(atMost: .seconds(30)) { $0.isClosed ? true : nil } == true)
}

@Test func aMissingDeviceHoldsItsPlace() throws {
  let tape = Tape()
  let isThere = Locked(false)
  let type = AuditDeviceType(name: "tape") { _ throws(AuditDeviceError) in
    if isThere.withLock({ $0 }) { return tape }
    throw AuditDeviceError("no disk")
  }
  let trail = Trail(types: [type])
  try trail.broker.restore(path: "main", type: "tape", options: [:], salt: Trail.salt)
  #expect(trail.broker.isEnabled)
  #expect(throws: AuditFailure.self) { try trail.broker.request(request(), by: nil) }
  isThere.withLock { $0 = true }
  trail.broker.reopen()
  _ = try trail.broker.request(request(), by: nil)
  #expect(tape.lines.count == 1)
  trail.broker.removeAll()
}

/// Joined, unlike those of the trail.
private final class Thread: @unchecked Sendable {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private var thread = pthread_t()

  init(_ run: @escaping @Sendable () -> Void) {
    let body = Unmanaged.passRetained(Body(run: run))
    pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
  }

  func join() { pthread_join(thread, nil) }
}
