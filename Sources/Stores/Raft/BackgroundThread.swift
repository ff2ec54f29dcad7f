internal import Glibc

/// A thread that runs one piece of work to its end.
final class BackgroundThread: @unchecked Sendable {
  // Unchecked because the handle is written before anybody else sees the thread, and used once.
  private var handle = pthread_t()

  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Nil where the system gives no thread.
  init?(_ body: @escaping @Sendable () -> Void) {
    let work = Unmanaged.passRetained(Work(body))
    let code = pthread_create(
      &handle, nil,
      { argument in
        if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, work.toOpaque())
    guard code == 0 else {
      work.release()
      return nil
    }
  }

  /// Waits for its end. To be called once.
  func join() { pthread_join(handle, nil) }
}
