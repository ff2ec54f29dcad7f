import JSONText
import Logging
import Primitives
import Testing

private let clock = WallClock { Timestamp(nanoseconds: 1_767_323_045_067_800_900) }

private final class Lines: Sendable {
  private let kept = Locked<[String]>([])
  var all: [String] { kept.withLock { $0 } }
  var output: @Sendable ([UInt8]) -> Void {
    { [kept] line in kept.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
  }
}

@Test func standardLinesQuoteOnlyWhatNeedsIt() {
  let lines = Lines()
  let log = LogSink(clock: clock, output: lines.output).logger("core")
  log.info("mounted", [("path", "secret/"), ("description", "two words"), ("empty", ""), ("q", "a\"b")])
  log.named("raft").warn("slow")
  #expect(
    lines.all == [
      "2026-01-02T03:04:05.067Z [INFO]  core: mounted: path=secret/ description=\"two words\" empty=\"\" q=\"a\\\"b\"\n",
      "2026-01-02T03:04:05.067Z [WARN]  core.raft: slow\n",
    ])
}

@Test func nothingBreaksOutOfItsLine() {
  let lines = Lines()
  let log = LogSink(clock: clock, output: lines.output).logger("core")
  log.error("a\nb", [("k\n", "c\r\n2026 [INFO] core: forged\u{1b}[0m")])
  #expect(lines.all.count == 1)
  #expect(lines.all[0].utf8.filter { $0 < 0x20 } == [10])
  #expect(lines.all[0].hasSuffix(#"core: a\nb: k\n="c\r\n2026 [INFO] core: forged\x1b[0m""# + "\n"))
}

@Test func jsonLines() throws {
  let lines = Lines()
  let sink = LogSink(format: .json, clock: clock, output: lines.output)
  sink.logger("core").info("a \"b\"", [("n", "1")])
  let line = try #require(lines.all.first)
  #expect(
    try JSONText(trusted: Array(line.utf8)).parsed() == [
      "@level": "info", "@message": "a \"b\"", "@module": "core", "@timestamp": "2026-01-02T03:04:05.067800Z", "n": "1",
    ])
}

@Test func levelsByName() {
  let lines = Lines()
  let sink = LogSink(level: .warn, clock: clock, output: lines.output)
  let core = sink.logger("core")
  let raft = sink.logger("raft")
  #expect(sink.setLevel(.trace, for: "core"))
  #expect(!sink.setLevel(.trace, for: "nobody"))
  #expect(sink.levels == ["core": .trace, "raft": .warn])
  core.trace("1")
  raft.info("2")
  #expect(!raft.writes(.info))
  sink.resetLevel(for: "core")
  core.info("3")
  sink.setLevel(.debug)
  core.debug("4")
  raft.debug("5")
  #expect(lines.all.map { $0.dropLast().last } == ["1", "4", "5"])
  #expect(LogLevel(api: "WARNING") == .warn && LogLevel(api: "err") == .error && LogLevel(api: "loud") == nil)
}

@Test func listenersAreToldOfTheEnd() {
  let own = Lines()
  let heard = Lines()
  let ends = Locked(0)
  let sink = LogSink(clock: clock, output: own.output)
  let log = sink.logger("core")
  _ = sink.addListener(level: .debug, format: .json, ended: { ends.withLock { $0 += 1 } }, heard.output)
  sink.endListeners()
  #expect(ends.withLock { $0 } == 1)
  log.info("for the file alone")
  #expect(own.all.count == 1)
  #expect(heard.all.isEmpty)
  #expect(!log.writes(.debug))
  // Who comes later is told at once.
  _ = sink.addListener(level: .debug, format: .json, ended: { ends.withLock { $0 += 1 } }, heard.output)
  #expect(ends.withLock { $0 } == 2)
  #expect(sink.listenerCount == 0)
}

@Test func listenersHearMoreThanTheLogKeeps() {
  let own = Lines()
  let heard = Lines()
  let sink = LogSink(level: .error, clock: clock, output: own.output)
  let log = sink.logger("core")
  let id = sink.addListener(level: .debug, format: .json, heard.output)
  log.trace("no")
  log.debug("yes")
  sink.removeListener(id)
  log.debug("gone")
  #expect(own.all.isEmpty)
  #expect(heard.all.count == 1)
  #expect(!log.writes(.debug))
}

@Test func argumentsOfUnwantedLinesAreNotEvaluated() {
  func expensive() -> String {
    Issue.record("evaluated")
    return ""
  }
  LogSink(level: .info, output: { _ in }).logger("core").debug(expensive(), [("k", expensive())])
}
