internal import Glibc

/// A server that the benchmark started: its process, its port, and what it has cost so far.
final class ServedProcess {
  let port: Int
  private let pid: pid_t
  private var isRunning = true

  /// Starts `arguments[0]`; what it prints goes to the file `log`.
  init(_ arguments: [String], port: Int, log: String) throws {
    self.port = port
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var words = arguments.map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let code = posix_spawn(&child, arguments[0], &actions, nil, words, environ)
    guard code == 0 else { throw Problem("cannot start \(arguments[0]): \(String(cString: strerror(code)))") }
    pid = child
  }

  deinit { kill() }

  func kill() { end(SIGKILL) }

  func stop() { end(SIGTERM) }

  private func end(_ signal: Int32) {
    guard isRunning else { return }
    isRunning = false
    Glibc.kill(pid, signal)
    waitpid(pid, nil, 0)
  }

  /// Waits until it ends by itself; returns its exit status.
  func awaitEnd() -> Int32 {
    guard isRunning else { return 0 }
    isRunning = false
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
  }

  /// Waits until health is answered with 200, or with another of `statuses`.
  func awaitHealth(_ statuses: Set<Int> = [200], atMost seconds: Double = 60) throws {
    let end = now() + seconds
    while true {
      if let connection = try? Client(port: port), let answer = try? connection.send("GET", "/v1/sys/health"),
        statuses.contains(answer.status)
      {
        return
      }
      var status: Int32 = 0
      if waitpid(pid, &status, WNOHANG) == pid {
        isRunning = false
        throw Problem("the server ended while it started")
      }
      if now() > end { throw Problem("the server does not answer within \(seconds) s") }
      usleep(200)
    }
  }

  /// Returns when the process has had nothing to do for half a second.
  func awaitIdle(atMost seconds: Double = 120) {
    let end = now() + seconds
    var before = -1.0
    while now() < end, processorSeconds > before {
      before = processorSeconds
      usleep(500_000)
    }
  }

  /// CPU seconds of all threads so far, from /proc/PID/stat (proc_pid_stat(5)).
  var processorSeconds: Double {
    let text = readFile("/proc/\(pid)/stat")
    guard let parenthesis = text.lastIndex(of: ")") else { return 0 }
    let fields = text[parenthesis...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return 0 }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Resident memory in megabytes.
  var residentMegabytes: Double { megabytes("VmRSS:") }

  /// The part of it that is the process's own, without mapped files, such as those of the storage.
  var ownMegabytes: Double { megabytes("RssAnon:") }

  private func megabytes(_ name: String) -> Double {
    for line in readFile("/proc/\(pid)/status").split(separator: "\n") where line.hasPrefix(name) {
      let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
      if fields.count > 1, let kilobytes = Double(fields[1]) { return kilobytes / 1024 }
    }
    return 0
  }
}

struct Problem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Seconds of a clock that only goes forward.
func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// CPU seconds of this process so far.
func ownProcessorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func freePort() -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = loopback(port: 0)
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = bind(descriptor, $0, length)
      _ = getsockname(descriptor, $0, &length)
    }
  }
  return Int(UInt16(bigEndian: address.sin_port))
}

func loopback(port: Int) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = UInt16(port).bigEndian
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  return address
}

/// At most 8 KiB of a file; empty where there is none.
func readFile(_ path: String) -> String {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return "" }
  defer { close(file) }
  var buffer = [UInt8](repeating: 0, count: 8192)
  let count = read(file, &buffer, buffer.count)
  return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
}

func writeFile(_ text: String, to path: String, mode: mode_t) throws {
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
  guard file >= 0 else { throw Problem("cannot write \(path)") }
  defer { close(file) }
  let bytes = Array(text.utf8)
  guard write(file, bytes, bytes.count) == bytes.count else { throw Problem("cannot write \(path)") }
}
