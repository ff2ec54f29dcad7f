internal import Primitives

/// Lets one profile of the process be taken at a time, since each holds a thread and looks at every thread.
package final class Profiling: Sendable {
  private let isUnderWay = Locked(false)

  /// False where one is under way.
  package func begin() -> Bool {
    isUnderWay.withLock { isUnderWay in
      defer { isUnderWay = true }
      return !isUnderWay
    }
  }

  package func end() { isUnderWay.withLock { $0 = false } }
}
