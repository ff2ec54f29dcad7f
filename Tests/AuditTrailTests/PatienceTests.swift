import AuditTrail
import FiberFixture
import Primitives
import Testing

/// A clock that only waiting moves.
private final class VirtualClock: Sendable {
  private let now = Locked<UInt64>(1_000_000_000)

  func patience(_ bound: TimeSpan) -> Patience {
    Patience(
      bound: bound, now: { self.now.withLock { $0 } },
      waiting: { span in
        self.advance(span)
        return .zero
      })
  }

  func advance(_ span: TimeSpan) { now.withLock { $0 &+= UInt64(max(0, span.nanoseconds)) } }

  func cost(_ body: () throws -> Void) rethrows -> TimeSpan {
    let before = now.withLock { $0 }
    try body()
    return TimeSpan(nanoseconds: Int64(now.withLock { $0 } - before))
  }
}

/// Devices that block, however many, cost a request no more than the bound, both its entries together, and once it is
/// known that they do not respond they cost nothing.
@Test(arguments: [1, 5])
func hungDevicesCostNoMoreThanTheBound(count: Int) throws {
  let clock = VirtualClock()
  let good = Tape()
  var tapes = ["good": good]
  for number in 0..<count {
    let hung = Tape(isPrompt: false)
    hung.state.update { $0.blocks = true }
    tapes["hung\(number)"] = hung
  }
  let trail = Trail(tapes, patience: clock.patience(.seconds(5)))
  for name in tapes.keys.sorted() { try trail.enable(name) }
  defer { for tape in tapes.values { tape.state.update { $0.blocks = false } } }
  func exchange() throws {
    try trail.broker.response(try trail.broker.request(request(), by: nil), nil)
  }
  // Their threads have begun to write.
  let first = try clock.cost { try exchange() }
  for tape in tapes.values where !tape.isPrompt { _ = tape.state.wait { $0.isBlocked ? true : nil } }
  #expect(first <= TimeSpan.seconds(5))
  for _ in 0..<3 {
    clock.advance(.seconds(1))
    let cost = try clock.cost { try exchange() }
    #expect(cost <= TimeSpan.seconds(5))
  }
  clock.advance(.seconds(5))
  #expect(try clock.cost { try exchange() } == .zero)
  #expect(good.lines.count == 10)
}

/// Where no device has an entry, its request waits once for all of them, and fails.
@Test func onlyHungDevicesFailTheRequestAfterTheBound() throws {
  let clock = VirtualClock()
  let tapes = ["a": Tape(isPrompt: false), "b": Tape(isPrompt: false)]
  for tape in tapes.values { tape.state.update { $0.blocks = true } }
  let trail = Trail(tapes, patience: clock.patience(.seconds(5)))
  try trail.enable("a")
  try trail.enable("b")
  let cost = clock.cost {
    #expect(throws: AuditFailure(devices: ["a/", "b/"])) { try trail.broker.request(request(), by: nil) }
  }
  #expect(cost == .seconds(5))
  for tape in tapes.values { tape.state.update { $0.blocks = false } }
}

/// Operators see by it that a device does not keep up.
@Test func entriesThatWaitForADeviceAreShown() throws {
  let (good, hung) = (Tape(), Tape(isPrompt: false))
  hung.state.update { $0.blocks = true }
  defer { hung.state.update { $0.blocks = false } }
  let patience = Patience(bound: .seconds(5), now: { 1 }, waiting: { _ in .zero })
  let trail = Trail(["good": good, "hung": hung], patience: patience)
  for name in ["good", "hung"] { try trail.enable(name) }
  _ = try trail.broker.request(request(), by: nil)
  _ = hung.state.wait { $0.isBlocked ? true : nil }
  for _ in 0..<3 { _ = try trail.broker.request(request(), by: nil) }
  let shown = trail.metrics.prometheus()
  #expect(shown.contains("vault_audit_device_queue{device=\"hung/\"} 3"))
  #expect(shown.contains("vault_audit_device_queue{device=\"good/\"} 0"))
}

/// The requests that a carrier has under way need one write together, and each goes on only when that is done.
@Test func fibersOfOneCarrierShareAWrite() throws {
  let tape = Tape()
  let trail = Trail(["file": tape])
  try trail.enable("file")
  let before = tape.state.withLock { $0.writes }
  let carriers = try Carriers(1)
  let done = Monitored<[Int]>([])
  carriers.run {
    // They begin when this one has ended.
    for _ in 0..<8 {
      carriers.run {
        let isRecorded = (try? trail.broker.request(request(), by: nil)) != nil
        let writes = isRecorded ? tape.state.withLock { $0.writes } : -1
        done.update { $0.append(writes) }
      }
    }
  }
  #expect(done.wait(atMost: .seconds(20)) { $0.count == 8 ? true : nil } == true)
  #expect(done.withLock { $0 } == [Int](repeating: before + 1, count: 8))
  #expect(tape.lines.count == before + 8)
  carriers.stop()
}
