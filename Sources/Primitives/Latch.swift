internal import CSystem

/// Opens once. All threads that wait for it are woken by one system call (futex(2)), and none takes a lock to go on; fibers that wait
/// leave their carriers to others.
package final class Latch: @unchecked Sendable {
  // Unchecked because the functions in C reach the word by atomic operations only.
  private let word: UnsafeMutablePointer<UInt32>
  private let parked = Locked(Parked())

  private struct Parked {
    var fibers: [Fiber] = []
    var isOpen = false
  }

  package init() {
    word = .allocate(capacity: 1)
    word.initialize(to: 0)
  }

  deinit { word.deallocate() }

  /// Returns when it is open; what was done before it was opened can be seen then.
  package func wait() {
    assert(LockCount.held == 0, "waits while it holds a lock")
    guard let fiber = Fiber.current else { return coffer_latch_wait(word) }
    let mustWait = parked.withLock { parked in
      if !parked.isOpen { parked.fibers.append(fiber) }
      return !parked.isOpen
    }
    if mustWait { fiber.park() }
  }

  package func open() {
    let fibers = parked.withLock { parked in
      parked.isOpen = true
      defer { parked.fibers = [] }
      return parked.fibers
    }
    coffer_latch_open(word)
    for fiber in fibers { fiber.resume() }
  }
}
