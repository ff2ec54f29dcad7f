internal import CSystem
internal import EngineAPI
internal import Glibc
internal import JSONText
internal import Kernel
internal import Primitives

private enum Fields {
  static let seconds = Field.int("seconds", "For how long threads are watched: 1 to 60, 10 where not given.")
  static let debug = Field.int("debug", "Accepted for old clients: answers are texts in any case.")
  static let profile = Field.string("profile", "A name of the list at sys/pprof/.")
}

/// What the process is busy with, below the names that operators know from the API. The server is no Go program and has
/// no stacks of goroutines to show: what it tells is what the kernel and the allocator know of it, as text.
extension SystemEngine {
  static let profileRoutes: [Route<SystemEngine>] = [
    Route(
      "pprof/", traits: .openWhereProfilesAreShown, summary: "What can be asked about the process",
      [.read: { _, _ in text(contents) }]),
    Route(
      "pprof/cmdline", traits: .openWhereProfilesAreShown, summary: "The command line of the server",
      [.read: { _, _ in text(commandLine) }]),
    Route(
      "pprof/goroutine", traits: .openWhereProfilesAreShown, fields: [Fields.debug.description],
      summary: "The threads of the process",
      [.read: { _, _ in text(threads) }]),
    Route(
      "pprof/threads", traits: .openWhereProfilesAreShown, summary: "The threads of the process",
      [.read: { _, _ in text(threads) }]),
    Route(
      "pprof/threadcreate", traits: .openWhereProfilesAreShown, fields: [Fields.debug.description],
      summary: "The threads of the process",
      [.read: { _, _ in text(threads) }]),
    Route(
      "pprof/heap", traits: .openWhereProfilesAreShown, fields: [Fields.debug.description],
      summary: "The memory of the process",
      [.read: { _, _ in text(memory) }]),
    Route(
      "pprof/allocs", traits: .openWhereProfilesAreShown, fields: [Fields.debug.description],
      summary: "The memory of the process",
      [.read: { _, _ in text(memory) }]),
    Route(
      "pprof/profile", traits: .openWhereProfilesAreShown, fields: [Fields.seconds.description],
      summary: "How busy each thread is over some seconds",
      [.read: { try profile($1) }]),
    Route(
      "pprof/{profile:any}", traits: .openWhereProfilesAreShown, fields: [Fields.profile.description],
      summary: "Profiles that there are not",
      [
        .read: { _, call in
          throw EngineError.notFound(
            "there is no profile \"\(call.capture("profile"))\" of this server; sys/pprof/ lists those that there are")
        }
      ]),
  ]

  private static let contents = """
    cmdline       the command line of the server
    heap, allocs  memory as the allocator and the kernel count it
    threads, goroutine, threadcreate
                  each thread with its state and the processor time it has used
    profile       processor time by thread over ?seconds=10 (1 to 60), and how often each was found running

    """

  private static func text(_ text: String) -> Reply {
    Reply(.raw(contentType: "text/plain; charset=utf-8", Array(text.utf8)))
  }

  /// One argument a line; what comes with the flag for a root token is not shown.
  private static var commandLine: String {
    var hidesNext = false
    return ProcFile.text("/proc/self/cmdline").split(separator: "\0").map { word -> String in
      defer { hidesNext = word.hasSuffix("dev-root-token-id") }
      if hidesNext { return "(not shown)" }
      guard let equals = word.firstIndex(of: "="), word[..<equals].hasSuffix("dev-root-token-id") else {
        return String(word)
      }
      return word[...equals] + "(not shown)"
    }.joined(separator: "\n") + "\n"
  }

  private static var ticksPerSecond: UInt64 { UInt64(clamping: sysconf(Int32(_SC_CLK_TCK))) }

  private static func column(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.utf8.count))
  }

  private static func milliseconds(_ ticks: UInt64) -> String { "\(ticks &* 1000 / max(1, ticksPerSecond))" }

  private static var threads: String {
    let all = ThreadFace.all
    var states: [Character: Int] = [:]
    for thread in all { states[thread.state, default: 0] += 1 }
    let counts = states.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    var out = "\(all.count) threads: \(counts) (R runs, S waits, D waits for a disk)\n\n"
    out += column("id", 10) + column("name", 18) + column("state", 7) + column("user ms", 12) + column("system ms", 12)
    out += "waits in\n"
    for thread in all {
      out += column("\(thread.id)", 10) + column(thread.name, 18) + column(String(thread.state), 7)
      out += column(milliseconds(thread.user), 12) + column(milliseconds(thread.system), 12) + thread.waitsIn + "\n"
    }
    return out
  }

  private static var memory: String {
    let heap = mallinfo2()
    let status = ProcFile.fields("/proc/self/status")
    let mapped = ProcFile.fields("/proc/self/smaps_rollup")
    let rows: [(String, UInt64)] = [
      ("in use", UInt64(heap.uordblks) &+ UInt64(heap.hblkhd)), ("free, kept for reuse", UInt64(heap.fordblks)),
      ("of it at the top", UInt64(heap.keepcost)), ("arenas", UInt64(heap.arena)),
      ("mapped for large blocks", UInt64(heap.hblkhd)), ("resident", ProcFile.bytes(status["VmRSS"])),
      ("resident at most", ProcFile.bytes(status["VmHWM"])), ("locked", ProcFile.bytes(status["VmLck"])),
      ("resident, own", ProcFile.bytes(mapped["Private_Dirty"])), ("swapped out", ProcFile.bytes(status["VmSwap"])),
    ]
    return "bytes\n" + rows.map { column($0.0, 26) + "\($0.1)\n" }.joined()
  }

  // MARK: Over time

  private static let mostSeconds: Int64 = 60
  private static let interval = TimeSpan.milliseconds(50)

  /// Watched while the answer is sent, so that nothing waits for it, not even the end of the server's work at sealing.
  private static func profile(_ call: Call) throws -> Reply {
    let seconds = try call[Fields.seconds] ?? 10
    guard (1...mostSeconds).contains(seconds) else {
      throw EngineError.invalid("seconds must be between 1 and \(mostSeconds)")
    }
    let profiling = try call.session.node.profiling
    return Reply(
      .stream(contentType: "text/plain; charset=utf-8") { send in
        guard profiling.begin() else {
          return try send(Array("another profile is being taken; try again when it is done\n".utf8))
        }
        defer { profiling.end() }
        // The one that looks is busy with nothing but looking.
        let own = Int(coffer_thread_id())
        let threads = { ThreadFace.all.filter { $0.id != own } }
        var profile = ThreadProfile(threads())
        let pause = Monitored(())
        let end = WallClock.monotonicNanoseconds() &+ UInt64(seconds) &* 1_000_000_000
        while WallClock.monotonicNanoseconds() < end {
          _ = pause.wait(atMost: interval) { _ in nil as Bool? }
          profile.sample(threads())
          // Finds out whether anybody still reads.
          if profile.samples % 20 == 0 { try send([]) }
        }
        let rows = profile.rows(threads(), ticksPerSecond: ticksPerSecond)
        var out = "\(seconds) s, \(profile.samples) samples\n\n"
        out += column("id", 10) + column("name", 18) + column("user ms", 12) + column("system ms", 12) + "running in\n"
        for row in rows {
          out += column("\(row.id)", 10) + column(row.name, 18) + column("\(row.userMilliseconds)", 12)
          out += column("\(row.systemMilliseconds)", 12) + "\(row.running) samples\n"
        }
        try send(Array(out.utf8))
      })
  }
}
