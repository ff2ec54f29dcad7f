public import Glibc

/// A value in several copies, each behind a mutex, of which every carrier has one to itself. For what all requests change and few
/// read as a whole: processors that change the same memory wait for one another, also where no lock is held.
///
/// Public for the reason of `Locked`.
public final class Striped<Value>: @unchecked Sendable {
  // Unchecked because each copy's mutex is the only way to it.
  @usableFromInline
  let memory: UnsafeMutableRawPointer
  /// From one copy to the next. Processors fetch lines of 64 bytes in pairs.
  @usableFromInline
  static var stride: Int { (valueOffset + MemoryLayout<Value>.stride + 127) & ~127 }
  @usableFromInline
  static var valueOffset: Int {
    let alignment = MemoryLayout<Value>.alignment
    return (MemoryLayout<pthread_mutex_t>.size + alignment - 1) & ~(alignment - 1)
  }

  public init(_ make: () -> Value) {
    memory = .allocate(byteCount: Self.stride * Stripe.count, alignment: 128)
    for index in 0..<Stripe.count {
      Mutex.initialize(mutex(index))
      value(index).initialize(to: make())
    }
  }

  deinit {
    for index in 0..<Stripe.count {
      value(index).deinitialize(count: 1)
      pthread_mutex_destroy(mutex(index))
    }
    memory.deallocate()
  }

  /// How many copies there are.
  public static var count: Int { Stripe.count }

  /// The number of the calling thread's copy, for what must come back to it later, maybe from another thread.
  @inlinable
  public var own: Int { Stripe.own }

  /// Changes or reads the calling thread's copy.
  @inlinable
  public func withOwn<R, E: Error>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
    try with(Stripe.own, body)
  }

  /// Changes or reads the copy of that number, which `own` gave.
  @inlinable
  public func with<R, E: Error>(_ index: Int, _ body: (inout Value) throws(E) -> R) throws(E) -> R {
    Mutex.lock(mutex(index))
    defer { Mutex.unlock(mutex(index)) }
    return try body(&value(index).pointee)
  }

  /// One copy after the other: others may change meanwhile.
  @inlinable
  public func forEach<E: Error>(_ body: (inout Value) throws(E) -> Void) throws(E) {
    for index in 0..<Stripe.count { try with(index, body) }
  }

  @usableFromInline
  func mutex(_ index: Int) -> UnsafeMutablePointer<pthread_mutex_t> {
    precondition(index >= 0 && index < Stripe.count, "there is no such copy")
    return (memory + index * Self.stride).assumingMemoryBound(to: pthread_mutex_t.self)
  }

  @usableFromInline
  func value(_ index: Int) -> UnsafeMutablePointer<Value> {
    (memory + index * Self.stride + Self.valueOffset).assumingMemoryBound(to: Value.self)
  }
}
