internal import CSystem

/// Opens once. All who wait for it are woken by one system call (futex(2)), and none takes a lock to go on.
package final class Latch: @unchecked Sendable {
  // Unchecked because the functions in C reach the word by atomic operations only.
  private let word: UnsafeMutablePointer<UInt32>

  package init() {
    word = .allocate(capacity: 1)
    word.initialize(to: 0)
  }

  deinit { word.deallocate() }

  /// Returns when it is open; what was done before it was opened can be seen then.
  package func wait() { coffer_latch_wait(word) }

  package func open() { coffer_latch_open(word) }
}
