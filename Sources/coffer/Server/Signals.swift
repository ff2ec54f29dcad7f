internal import Glibc

/// The signals that the server answers, taken one after the other by the main thread.
struct Signals {
  enum Wish { case stop, reload }

  private var set = sigset_t()

  /// Blocks them for this thread and all that it starts.
  init() {
    sigemptyset(&set)
    for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, signal) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
  }

  /// Waits for the next one.
  func next() -> Wish {
    var set = set
    var signal: Int32 = 0
    while sigwait(&set, &signal) != 0 {}
    return signal == SIGHUP ? .reload : .stop
  }
}
