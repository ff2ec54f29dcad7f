internal import CSystem

/// What a carrier's fibers do with the events that it takes for them.
package protocol FiberWorker: AnyObject {
  func serve(_ event: CarrierEvent)
}

/// A thread of control with a stack of its own, of which a `Carrier` thread runs one at a time.
///
/// Code on a fiber is written as if for a thread. Where it waits for a `Latch`, its carrier goes on with another fiber;
/// whatever else may take long belongs into `Blocking.run`, or after `letAllGoFirst()`. A fiber stays with its carrier, so that what a thread keeps
/// for itself (errno, errors of libraries) is where it was after a wait.
package final class Fiber: @unchecked Sendable {
  // Unchecked because only the carrier's thread touches what changes.

  /// As much as the threads of servers have.
  private static let stackBytes = 2 << 20

  unowned let carrier: Carrier
  private var stack: OpaquePointer?
  /// What it is to do when it is entered; nil: to leave.
  private var event: CarrierEvent?

  /// Nil where there is no memory for another stack.
  init?(carrier: Carrier) {
    self.carrier = carrier
    let argument = Unmanaged.passUnretained(self).toOpaque()
    stack = coffer_fiber_make(
      Self.stackBytes, carrier.home,
      { argument in
        guard let argument else { return }
        Unmanaged<Fiber>.fromOpaque(argument).takeUnretainedValue().live()
      }, argument)
    if stack == nil { return nil }
  }

  deinit { if let stack { coffer_fiber_free(stack) } }

  /// The one that runs on the calling thread; nil on any other thread.
  package static var current: Fiber? {
    coffer_fiber_current().map { Unmanaged<Fiber>.fromOpaque($0).takeUnretainedValue() }
  }

  /// For the fiber itself: its carrier goes on with others until `resume` is called, once for each time.
  package func park() {
    assert(LockCount.held == 0, "waits while it holds a lock")
    coffer_fiber_switch(stack, carrier.home)
  }

  /// Whoever waits for this fiber calls it, from any thread, also before the fiber has parked.
  package func resume() { carrier.take(back: self, isOwn: Fiber.current?.carrier === carrier) }

  /// The carrier does first what it can do at once: what other fibers have begun and what clients want. What these leave to be
  /// done for all together is there then. Does nothing on other threads.
  package static func letOthersGoFirst() {
    guard let fiber = current else { return }
    fiber.carrier.yields(fiber)
    fiber.park()
  }

  /// Before what keeps a processor for some hundred microseconds, too little to be worth another thread: the carrier does first
  /// what else there is, though not for ever. Does nothing on other threads.
  package static func letAllGoFirst() {
    guard let fiber = current else { return }
    fiber.carrier.computes(fiber)
    fiber.park()
  }

  // MARK: For the carrier

  /// Runs the fiber until it waits or has done its work.
  func enter() {
    coffer_fiber_set_current(Unmanaged.passUnretained(self).toOpaque())
    coffer_fiber_switch(carrier.home, stack)
    coffer_fiber_set_current(nil)
  }

  func enter(with event: CarrierEvent) {
    self.event = event
    enter()
  }

  private func live() {
    let worker = carrier.makeWorker()
    while let event {
      self.event = nil
      worker.serve(event)
      carrier.isFree(self)
      park()
    }
  }
}
