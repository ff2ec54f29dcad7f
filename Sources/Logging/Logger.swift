/// Writes to the server log under a name such as `core` or `storage.raft`. Details are for values that are no secrets:
/// whoever passes one vouches for that.
package struct Logger: Sendable {
  private let sink: LogSink
  private let source: LogSink.Source

  init(sink: LogSink, source: LogSink.Source) {
    self.sink = sink
    self.source = source
  }

  package var name: String { source.name }

  /// The logger of a part: `core` becomes `core.<part>`.
  package func named(_ part: String) -> Logger { sink.logger(name.isEmpty ? part : name + "." + part) }

  /// Whether anybody gets lines of that level. Arguments of the calls below are only evaluated if so.
  package func writes(_ level: LogLevel) -> Bool { level.rank >= source.threshold.load(ordering: .relaxed) }

  package func trace(
    _ message: @autoclosure () -> String, _ details: @autoclosure () -> [(String, String)] = []
  ) { log(.trace, message(), details()) }

  package func debug(
    _ message: @autoclosure () -> String, _ details: @autoclosure () -> [(String, String)] = []
  ) { log(.debug, message(), details()) }

  package func info(
    _ message: @autoclosure () -> String, _ details: @autoclosure () -> [(String, String)] = []
  ) { log(.info, message(), details()) }

  package func warn(
    _ message: @autoclosure () -> String, _ details: @autoclosure () -> [(String, String)] = []
  ) { log(.warn, message(), details()) }

  package func error(
    _ message: @autoclosure () -> String, _ details: @autoclosure () -> [(String, String)] = []
  ) { log(.error, message(), details()) }

  package func log(
    _ level: LogLevel, _ message: @autoclosure () -> String,
    _ details: @autoclosure () -> [(String, String)] = []
  ) {
    if writes(level) { sink.write(source, level, message(), details()) }
  }
}
