internal import Glibc

/// A thread of the operating system that runs one closure and ends with it.
enum AuditThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
  }

  static func start(_ run: @escaping @Sendable () -> Void) {
    let body = Unmanaged.passRetained(Body(run: run))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
    if code == 0 {
      pthread_detach(thread)
    } else {
      // Without the thread every entry for the device times out, which is reported like any device that hangs.
      body.release()
    }
  }
}
