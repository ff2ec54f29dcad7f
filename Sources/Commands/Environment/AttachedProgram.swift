internal import Glibc

/// A program that takes the terminal over until it ends.
enum AttachedProgram {
  /// Runs it with this process's own standard input and outputs; its exit status, 128 and the signal where one ended it.
  static func run(
    _ path: String, _ arguments: [String], variables: [String: String]
  ) -> Result<Int32, FileError> {
    // Keys typed while it runs are for it alone; without this, an interrupt would end us before we clean up.
    let before = [SIGINT, SIGQUIT].map { ($0, signal($0, SIG_IGN)) }
    defer { for (number, handler) in before { signal(number, handler) } }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGQUIT, SIGPIPE] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))

    var words = ([path] + arguments).map { strdup($0) } + [nil]
    var settings = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (words + settings).forEach { free($0) } }
    var child: pid_t = 0
    let code = posix_spawnp(&child, path, nil, &attributes, &words, &settings)
    if code != 0 {
      return .failure(
        FileError(
          "\(path): \(strerror(code).map { String(cString: $0) } ?? "error \(code)")", isAbsence: code == ENOENT))
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    return .success(status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F)
  }
}
