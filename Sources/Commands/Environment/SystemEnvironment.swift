internal import Client
internal import Glibc
internal import Primitives

extension CommandEnvironment {
  /// The process's own terminal, files, variables and network.
  package static func system(version: String) -> CommandEnvironment {
    var environment = CommandEnvironment(
      variables: processVariables(), writeOutput: { writeAll(1, $0[...]) }, writeErrorBytes: { writeAll(2, $0[...]) },
      readInput: { readAll(0) }, readLine: { readTerminalLine(hidden: $0) }, files: .system,
      connect: { ConnectionTransport($0) },
      sleep: { span in
        var time = timespec(
          tv_sec: Int(span.nanoseconds / 1_000_000_000), tv_nsec: Int(span.nanoseconds % 1_000_000_000))
        var left = timespec()
        while nanosleep(&time, &left) != 0 && errno == EINTR { time = left }
      }, random: .system, clock: .system,
      runProgram: { path, argument, input in ChildProgram.run(path, argument: argument, input: input) },
      programPath: ownPath(), version: version)
    environment.runAttached = { AttachedProgram.run($0, $1, variables: $2) }
    environment.resolveAddress = { HostAddress.find($0) }
    environment.ownAddresses = { HostAddress.own() }
    environment.isInputTerminal = isatty(0) == 1
    environment.isOutputTerminal = isatty(1) == 1
    environment.isErrorTerminal = isatty(2) == 1
    // `… | head` closes its end early, which must not look like a crash.
    signal(SIGPIPE, SIG_IGN)
    return environment
  }

  /// Where this program lies, whatever name it was called by.
  private static func ownPath() -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : "coffer"
  }

  private static func processVariables() -> [String: String] {
    var variables: [String: String] = [:]
    // Not optional to every version of the C library's headers.
    var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
    while let place = entry, let text = place.pointee {
      let line = String(cString: text)
      if let equals = line.firstIndex(of: "=") {
        variables[String(line[..<equals])] = String(line[line.index(after: equals)...])
      }
      entry = place + 1
    }
    return variables
  }

  /// Without echo where hidden, which needs a terminal; the terminal is put back before anything else happens.
  private static func readTerminalLine(hidden: Bool) -> String? {
    var before = termios()
    let quiet = hidden && tcgetattr(0, &before) == 0
    if quiet {
      var silent = before
      silent.c_lflag &= ~tcflag_t(ECHO)
      tcsetattr(0, TCSANOW, &silent)
    }
    defer {
      if quiet {
        tcsetattr(0, TCSANOW, &before)
        writeAll(2, [10])
      }
    }
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while true {
      let n = Glibc.read(0, &byte, 1)
      if n < 0 && errno == EINTR { continue }
      if n <= 0 { return line.isEmpty ? nil : String(decoding: line, as: UTF8.self) }
      if byte == 10 { return String(decoding: line, as: UTF8.self) }
      if byte != 13 { line.append(byte) }
    }
  }
}

@discardableResult
private func writeAll(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
  var rest = bytes
  while !rest.isEmpty {
    let n = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if n >= 0 { rest = rest.dropFirst(n) } else if errno != EINTR { return false }
  }
  return true
}

private func readAll(_ descriptor: Int32) -> [UInt8] {
  var all: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 64 << 10)
  while true {
    let n = Glibc.read(descriptor, &buffer, buffer.count)
    if n > 0 { all.append(contentsOf: buffer[..<n]) } else if n == 0 || errno != EINTR { return all }
  }
}

extension FileAccess {
  static var system: FileAccess {
    FileAccess(
      read: { path in
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { return .failure(failure("open", path)) }
        defer { close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
          return .failure(FileError("read \(path): is a directory"))
        }
        return .success(readAll(descriptor))
      },
      write: { path, bytes, mode in
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
        if descriptor < 0 { return .failure(failure("open", path)) }
        let done = writeAll(descriptor, bytes[...])
        let code = errno
        close(descriptor)
        if !done {
          unlink(temporary)
          return .failure(FileError("write \(path): \(words(code))"))
        }
        return Glibc.rename(temporary, path) == 0 ? .success(()) : .failure(failure("rename", path))
      },
      append: { path, bytes in
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode_t(0o600))
        if descriptor < 0 { return .failure(failure("open", path)) }
        defer { close(descriptor) }
        return writeAll(descriptor, bytes) ? .success(()) : .failure(failure("write", path))
      },
      rename: { from, to in Glibc.rename(from, to) == 0 ? .success(()) : .failure(failure("rename", to)) },
      remove: { path in Glibc.remove(path) == 0 || errno == ENOENT ? .success(()) : .failure(failure("remove", path)) },
      makeFolder: { path in
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
          made += "/" + part
          if mkdir(made, 0o755) != 0 && errno != EEXIST { return .failure(failure("mkdir", made)) }
        }
        return .success(())
      },
      stream: { path, take in
        let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { return .failure(failure("open", path)) }
        defer { if descriptor != 0 { close(descriptor) } }
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
          let n = Glibc.read(descriptor, &buffer, buffer.count)
          if n < 0 && errno == EINTR { continue }
          if n < 0 { return .failure(failure("read", path)) }
          if n == 0 || !take(buffer[..<n]) { return .success(()) }
        }
      })
  }

  private static func failure(_ what: String, _ path: String) -> FileError {
    let code = errno
    return FileError("\(what) \(path): \(words(code))", isAbsence: code == ENOENT)
  }

  private static func words(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    let message = String(cString: text)
    return message.prefix(1).lowercased() + message.dropFirst()
  }
}

/// A program that is called with one argument, given a text and asked for one.
private enum ChildProgram {
  static func run(_ path: String, argument: String, input: String) -> Result<String, FileError> {
    var toChild: [Int32] = [0, 0]
    var fromChild: [Int32] = [0, 0]
    guard pipe(&toChild) == 0 else { return .failure(FileError("pipe: error \(errno)")) }
    guard pipe(&fromChild) == 0 else {
      toChild.forEach { close($0) }
      return .failure(FileError("pipe: error \(errno)"))
    }
    // The child gets its ends as 0 and 1, and no others: it would never see the end of its input.
    for end in toChild + fromChild { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    var child: pid_t = 0
    var words: [UnsafeMutablePointer<CChar>?] = [strdup(path), strdup(argument), nil]
    defer { words.forEach { free($0) } }
    let code = posix_spawnp(&child, path, &actions, &attributes, &words, environ)
    close(toChild[0])
    close(fromChild[1])
    if code != 0 {
      close(toChild[1])
      close(fromChild[0])
      return .failure(FileError("fork/exec \(path): \(strerror(code).map { String(cString: $0) } ?? "")"))
    }
    writeAll(toChild[1], Array(input.utf8)[...])
    close(toChild[1])
    let output = readAll(fromChild[0])
    close(fromChild[0])
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    if status != 0 {
      return .failure(FileError("\(path) \(argument): exit status \(status & 0x7F == 0 ? status >> 8 & 0xFF : -1)"))
    }
    return .success(String(decoding: output, as: UTF8.self))
  }
}
