public import Glibc

/// A value behind a mutex, with threads that wait for it to become what they need.
public final class Monitored<Value>: @unchecked Sendable {
  // Unchecked because the mutex is the only way to the value.
  @usableFromInline
  let mutex: UnsafeMutablePointer<pthread_mutex_t>
  @usableFromInline
  let condition: UnsafeMutablePointer<pthread_cond_t>
  /// The mutex sees to what the language would check anew at each access.
  @exclusivity(unchecked)
  @usableFromInline
  var value: Value

  public init(_ value: Value) {
    self.value = value
    mutex = Mutex.make()
    condition = .allocate(capacity: 1)
    condition.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    condition.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Changes the value and wakes every waiting thread, so that each looks again.
  @inlinable
  public func update<R, E: Error>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
    Mutex.lock(mutex)
    defer {
      pthread_cond_broadcast(condition)
      Mutex.unlock(mutex)
    }
    return try body(&value)
  }

  /// Changes or reads the value without waking anybody.
  @inlinable
  public func withLock<R, E: Error>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
    Mutex.lock(mutex)
    defer { Mutex.unlock(mutex) }
    return try body(&value)
  }

  /// Blocks until `ready` returns something, which it is asked at once and after each update; nil when `timeout` has passed first.
  package func wait<R>(atMost timeout: TimeSpan? = nil, until ready: (inout Value) -> R?) -> R? {
    if let result = withLock(ready) { return result }
    return Blocking.run { waitHere(atMost: timeout, until: ready) }
  }

  private func waitHere<R>(atMost timeout: TimeSpan?, until ready: (inout Value) -> R?) -> R? {
    var deadline = timespec()
    if let timeout {
      let end = WallClock.monotonicNanoseconds() &+ UInt64(max(0, timeout.nanoseconds))
      deadline = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
    }
    Mutex.lock(mutex)
    defer { Mutex.unlock(mutex) }
    while true {
      if let result = ready(&value) { return result }
      if timeout == nil {
        pthread_cond_wait(condition, mutex)
      } else if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT {
        return ready(&value)
      }
    }
  }
}
