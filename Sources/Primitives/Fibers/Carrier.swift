internal import CSystem
internal import Glibc
internal import Synchronization

/// One event of an epoll instance (epoll_ctl(2)).
package struct CarrierEvent: Sendable {
  package let token: UInt64
  package let flags: UInt32
}

/// A thread that takes events from an epoll instance, which it may share with others, and runs a fiber for each.
///
/// Fibers whose wait is over come first, then new events, then fibers that let others go first, and last, a few at a time,
/// those that have long to compute.
package final class Carrier: @unchecked Sendable {
  // Unchecked because all that changes belongs to the carrier's thread, but for atomics and the mail.

  /// So many fibers let others go first before they come to their turn.
  private static let turn = 16
  /// So many events come at most before fibers that have long to compute.
  private static let eventsBeforeComputing = 16
  /// So many long computations come in a row. One at a time answers others sooner, but makes each dearer: what surrounds them
  /// would leave the processor's caches each time.
  private static let computations = 8
  /// Free fibers that are kept for the next burst.
  private static let spare = 4

  let makeWorker: @Sendable () -> any FiberWorker
  let helpers: HelperThreads
  private let epoll: Int32
  private let limit: Int
  /// The carrier's own stack.
  private(set) var home: OpaquePointer?
  private var thread: Int32 = 0

  private var resumed: [Fiber] = []
  private var yielded: [Fiber] = []
  /// Those with a long computation before them, the first to come first.
  private var computing: [Fiber] = []
  /// Events that may still come before it.
  private var eventsLeft = eventsBeforeComputing
  /// Those whose turn it is; empty between turns.
  private var entering: [Fiber] = []
  private var free: [Fiber] = []
  private var all: [ObjectIdentifier: Fiber] = [:]
  /// The least number of free fibers since the last look.
  private var leastFree = 0

  /// Fibers that other threads have resumed.
  private let mail = Locked<[Fiber]>([])
  private let hasMail = Atomic(false)
  private let isAsleep = Atomic(false)
  private let isStopping = Atomic(false)
  private let mayShrink = Atomic(false)
  private let fibers = Atomic(0)
  private let busy = Atomic(0)

  /// - Parameters:
  ///   - limit: the most fibers at a time; events beyond them wait.
  ///   - makeWorker: called on each new fiber.
  package init(
    epoll: Int32, limit: Int, helpers: HelperThreads, makeWorker: @escaping @Sendable () -> any FiberWorker
  ) {
    self.epoll = epoll
    self.limit = max(1, limit)
    self.helpers = helpers
    self.makeWorker = makeWorker
  }

  /// Fibers there are, and those of them that serve an event.
  package var counts: (fibers: Int, busy: Int) {
    (fibers.load(ordering: .relaxed), busy.load(ordering: .relaxed))
  }

  /// Takes no more events. `run` returns when those under way have been served.
  package func stop() {
    isStopping.store(true, ordering: .sequentiallyConsistent)
    wake()
  }

  /// Has half of the fibers go that were not needed since the last call.
  package func shrink() {
    guard fibers.load(ordering: .relaxed) > Self.spare else { return }
    mayShrink.store(true, ordering: .sequentiallyConsistent)
    wake()
  }

  /// The calling thread becomes the carrier.
  package func run() {
    home = coffer_fiber_of_thread()
    thread = coffer_thread_id()
    coffer_carrier_prepare()
    Stripe.claim()
    while true {
      takeMail()
      if !resumed.isEmpty {
        swap(&entering, &resumed)
        enterAll()
        continue
      }
      let stops = isStopping.load(ordering: .relaxed)
      if takesEvent, !stops, let event = next() {
        if !computing.isEmpty { eventsLeft -= 1 }
        serve(event)
        continue
      }
      if !yielded.isEmpty {
        swap(&entering, &yielded)
        enterAll()
        continue
      }
      if !computing.isEmpty {
        eventsLeft = Self.eventsBeforeComputing
        entering = Array(computing.prefix(Self.computations))
        computing.removeFirst(entering.count)
        enterAll()
        continue
      }
      if mayShrink.exchange(false, ordering: .relaxed) { releaseHalf() }
      if stops, free.count == all.count { break }
      sleep(takesEvents: !stops && hasRoom)
    }
    release(free.count)
    if let home { coffer_fiber_free(home) }
    home = nil
  }

  // MARK: For fibers

  func isFree(_ fiber: Fiber) {
    free.append(fiber)
    busy.subtract(1, ordering: .relaxed)
  }

  func yields(_ fiber: Fiber) { yielded.append(fiber) }

  func computes(_ fiber: Fiber) { computing.append(fiber) }

  func take(back fiber: Fiber, isOwn: Bool) {
    if isOwn {
      resumed.append(fiber)
      return
    }
    mail.withLock { $0.append(fiber) }
    hasMail.store(true, ordering: .sequentiallyConsistent)
    wake()
  }

  // MARK: The thread

  private var hasRoom: Bool { !free.isEmpty || all.count < limit }

  private var takesEvent: Bool {
    hasRoom && yielded.count < Self.turn && (computing.isEmpty || eventsLeft > 0)
  }

  private func enterAll() {
    for fiber in entering { fiber.enter() }
    entering.removeAll(keepingCapacity: true)
  }

  private func takeMail() {
    guard hasMail.load(ordering: .relaxed), hasMail.exchange(false, ordering: .acquiringAndReleasing) else { return }
    mail.withLock { mail in
      resumed += mail
      mail.removeAll(keepingCapacity: true)
    }
  }

  private func next() -> CarrierEvent? {
    var event = epoll_event()
    guard epoll_wait(epoll, &event, 1, 0) == 1 else { return nil }
    return CarrierEvent(token: event.data.u64, flags: event.events)
  }

  private func sleep(takesEvents: Bool) {
    isAsleep.store(true, ordering: .sequentiallyConsistent)
    defer { isAsleep.store(false, ordering: .relaxed) }
    // Whoever brings something from now on wakes this thread.
    let isWanted =
      hasMail.load(ordering: .sequentiallyConsistent)
      || isStopping.load(ordering: .sequentiallyConsistent)
        && free.count == all.count
    if isWanted { return }
    var event = epoll_event()
    guard coffer_carrier_wait(takesEvents ? epoll : -1, &event) == 1 else { return }
    isAsleep.store(false, ordering: .relaxed)
    serve(CarrierEvent(token: event.data.u64, flags: event.events))
  }

  private func wake() {
    if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { coffer_carrier_wake(thread) }
  }

  private func serve(_ event: CarrierEvent) {
    guard let fiber = free.popLast() ?? make() else {
      // Without memory for a stack the carrier waits itself.
      makeWorker().serve(event)
      return
    }
    leastFree = min(leastFree, free.count)
    busy.add(1, ordering: .relaxed)
    fiber.enter(with: event)
  }

  private func make() -> Fiber? {
    guard let fiber = Fiber(carrier: self) else { return nil }
    all[ObjectIdentifier(fiber)] = fiber
    fibers.add(1, ordering: .relaxed)
    return fiber
  }

  private func releaseHalf() {
    release(max(0, leastFree - Self.spare + 1) / 2)
    leastFree = free.count
  }

  /// Those that have been free the longest.
  private func release(_ count: Int) {
    for fiber in free.prefix(count) {
      fiber.enter()
      all[ObjectIdentifier(fiber)] = nil
    }
    free.removeFirst(count)
    fibers.subtract(count, ordering: .relaxed)
  }
}
