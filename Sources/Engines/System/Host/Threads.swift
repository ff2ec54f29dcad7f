internal import Glibc

/// One thread of this process as the kernel sees it (proc_pid_stat(5)).
struct ThreadFace {
  let id: Int
  let name: String
  /// `R` runs or could, `S` waits, `D` waits for a disk.
  let state: Character
  /// Clock ticks spent so far.
  let user: UInt64
  let system: UInt64

  /// Nil where the line is none, or the thread has ended.
  init?(id: Int, stat: String) {
    // The name stands in brackets and may hold brackets itself.
    guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")"), open < close else { return nil }
    let rest = stat[stat.index(after: close)...].split(separator: " ")
    guard rest.count > 12, let state = rest[0].first, let user = UInt64(rest[11]), let system = UInt64(rest[12]) else {
      return nil
    }
    self.id = id
    name = String(stat[stat.index(after: open)..<close])
    self.state = state
    self.user = user
    self.system = system
  }

  static var all: [ThreadFace] {
    ProcFile.names("/proc/self/task").compactMap { Int($0) }.sorted().prefix(4096).compactMap { id in
      ThreadFace(id: id, stat: ProcFile.text("/proc/self/task/\(id)/stat"))
    }
  }

  /// What the kernel function is named that the thread waits in; empty where that is hidden.
  var waitsIn: String {
    let name = ProcFile.text("/proc/self/task/\(id)/wchan")
    return name == "0" ? "" : name
  }
}

/// How busy the threads were between two looks, and how often each was found running.
struct ThreadProfile {
  private let first: [Int: ThreadFace]
  private var runs: [Int: Int] = [:]
  private(set) var samples = 0

  init(_ threads: [ThreadFace]) {
    first = Dictionary(threads.map { ($0.id, $0) }, uniquingKeysWith: { one, _ in one })
  }

  mutating func sample(_ threads: [ThreadFace]) {
    samples += 1
    for thread in threads where thread.state == "R" { runs[thread.id, default: 0] += 1 }
  }

  struct Row: Equatable {
    let id: Int
    let name: String
    let userMilliseconds: UInt64
    let systemMilliseconds: UInt64
    /// In so many of the samples the thread ran, or could have.
    let running: Int
  }

  /// The busiest first; threads that did nothing are left out.
  func rows(_ last: [ThreadFace], ticksPerSecond: UInt64) -> [Row] {
    let milliseconds = { (now: UInt64, then: UInt64) in
      now > then ? (now - then) &* 1000 / max(1, ticksPerSecond) : 0
    }
    return last.map { thread in
      let before = first[thread.id]
      return Row(
        id: thread.id, name: thread.name, userMilliseconds: milliseconds(thread.user, before?.user ?? 0),
        systemMilliseconds: milliseconds(thread.system, before?.system ?? 0), running: runs[thread.id] ?? 0)
    }.filter { $0.userMilliseconds + $0.systemMilliseconds > 0 || $0.running > 0 }.sorted {
      ($1.userMilliseconds &+ $1.systemMilliseconds, $1.running) < (
        $0.userMilliseconds &+ $0.systemMilliseconds, $0.running
      )
    }
  }
}
