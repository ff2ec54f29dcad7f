internal import CSystem
internal import Glibc

/// Threads of the server. They take no signals, so that those reach the threads that expect them and a write to a closed
/// socket is an error instead of SIGPIPE.
enum ServingThread {
  private final class Start {
    let name: String
    let body: @Sendable () -> Void
    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  private static let stackBytes = 2 << 20

  /// False when the system has no room for another thread.
  static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackBytes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let start = Unmanaged.passRetained(Start(name, body))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, &attributes,
      { argument -> UnsafeMutableRawPointer? in
        guard let argument else { return nil }
        var all = sigset_t()
        sigfillset(&all)
        for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP] { sigdelset(&all, signal) }
        pthread_sigmask(SIG_BLOCK, &all, nil)
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        coffer_name_thread(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    if code != 0 { start.release() }
    return code == 0
  }
}
