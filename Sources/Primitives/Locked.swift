public import Glibc

@usableFromInline
enum Mutex {
  /// A mutex whose takers look again for a moment before they fall asleep: most are held for less time than that takes.
  static func make() -> UnsafeMutablePointer<pthread_mutex_t> {
    let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    initialize(mutex)
    return mutex
  }

  static func initialize(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) {
    var attributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&attributes)
    pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_ADAPTIVE_NP))
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, &attributes)
    pthread_mutexattr_destroy(&attributes)
  }

  @inlinable
  static func lock(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) {
    pthread_mutex_lock(mutex)
    #if DEBUG
      LockCount.change(by: 1)
    #endif
  }

  @inlinable
  static func unlock(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) {
    #if DEBUG
      LockCount.change(by: -1)
    #endif
    pthread_mutex_unlock(mutex)
  }
}

/// A value behind a mutex that can be shared by reference. Never call out, log or wait while holding it.
///
/// Public, like `Monitored` and `ByteBuffer`, although nothing outside the package sees it: the compiler makes versions of generic code
/// for other modules of public declarations only, and every request takes dozens of such locks.
public final class Locked<Value>: @unchecked Sendable {
  // Unchecked because the mutex is the only way to the value.
  @usableFromInline
  let mutex: UnsafeMutablePointer<pthread_mutex_t>
  /// The mutex sees to what the language would check anew at each access.
  @exclusivity(unchecked)
  @usableFromInline
  var value: Value

  public init(_ value: Value) {
    self.value = value
    mutex = Mutex.make()
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  @inlinable
  public func withLock<R, E: Error>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
    Mutex.lock(mutex)
    defer { Mutex.unlock(mutex) }
    return try body(&value)
  }
}
