internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Logging
internal import Metrics
internal import Primitives

private enum Fields {
  static let format = Field.string("format", "`prometheus`, or JSON without it.")
  static let level = Field.string("level", "trace, debug, info, warn or error.", required: true)
  static let name = Field.string("name", "The logger's name.")
  static let logLevel = Field.string("log_level", "The least important level to show.")
  static let logFormat = Field.string("log_format", "`standard` or `json`.")
}

extension SystemEngine {
  static let monitoringRoutes: [Route<SystemEngine>] = [
    Route(
      "metrics", fields: [Fields.format.description],
      summary: "What the server counts and measures",
      [.read: { try metrics($1) }]),
    Route(
      "loggers/", fields: [Fields.level.description], summary: "The levels of all loggers",
      [.read: { try levels($1) }, .update: { try setLevels($1) }, .delete: { try resetLevels($1) }]),
    Route(
      "loggers/{name:any}", fields: [Fields.name.description, Fields.level.description],
      summary: "The level of one logger",
      [.read: { try level($1) }, .update: { try setLevel($1) }, .delete: { try resetLevel($1) }]),
    Route(
      "monitor", fields: [Fields.logLevel.description, Fields.logFormat.description],
      summary: "The server's log as it is written", [.read: { try monitor($1) }]),
    Route(
      "in-flight-req", traits: [.openWhereInFlightIsShown], summary: "The requests under way",
      [.read: { try inFlight($1) }]),
  ]

  private static func metrics(_ call: Call) throws -> Reply {
    let session = try call.session
    let registry = session.node.composition.metrics
    let accepts = session.inbound.headers.values("accept").joined(separator: ",")
    let format = try call[Fields.format] ?? ""
    let wantsText =
      format == "prometheus"
      || (format.isEmpty && ["prometheus/telemetry", "openmetrics"].contains { accepts.contains($0) })
    guard wantsText else { return Reply(.plain(JSONText(registry.json()))) }
    guard session.node.settings.prometheusIsEnabled else { throw EngineError.invalid("prometheus is not enabled") }
    return Reply(.raw(contentType: "text/plain; version=0.0.4; charset=utf-8", Array(registry.prometheus().utf8)))
  }

  // MARK: Loggers

  private static func sink(_ call: Call) throws -> LogSink { try call.session.node.composition.log }

  private static func levels(_ call: Call) throws -> Reply {
    let levels = try sink(call).levels.sorted { $0.key < $1.key }
    return .data(JSONObject(levels.map { ($0.key, .string($0.value.rawValue)) }))
  }

  private static func wantedLevel(_ call: Call) throws -> LogLevel {
    guard let text = try call[Fields.level] else { throw EngineError.invalid("level is required") }
    guard !text.isEmpty else { throw EngineError.invalid("level is empty") }
    guard let level = LogLevel(api: text) else { throw EngineError.invalid("invalid level provided: \"\(text)\"") }
    return level
  }

  private static func setLevels(_ call: Call) throws -> Reply {
    try sink(call).setLevel(wantedLevel(call))
    return .none
  }

  private static func resetLevels(_ call: Call) throws -> Reply {
    try sink(call).resetLevels()
    return .none
  }

  private static func unknown(_ name: String) -> EngineError { .invalid("logger \"\(name)\" not found") }

  private static func level(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard let level = try sink(call).levels[name] else { return .data([:]) }
    return .data(JSONObject([(name, .string(level.rawValue))]))
  }

  private static func setLevel(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    let level = try wantedLevel(call)
    guard try sink(call).setLevel(level, for: name) else { throw unknown(name) }
    return .none
  }

  private static func resetLevel(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard try sink(call).resetLevel(for: name) else { throw unknown(name) }
    return .none
  }

  // MARK: Monitor

  private static let mostMonitors = 16

  private struct Backlog {
    var lines: [[UInt8]] = []
    var isOver = false
  }

  private static func monitor(_ call: Call) throws -> Reply {
    let sink = try sink(call)
    guard let level = LogLevel(api: try call[Fields.logLevel] ?? "info") else {
      throw EngineError.invalid("unknown log level")
    }
    let format = try call[Fields.logFormat] ?? "standard"
    guard ["standard", "json", ""].contains(format) else { throw EngineError.invalid("unknown log format") }
    let isJSON = format == "json"
    // Each reader holds a thread for as long as it likes.
    guard sink.listenerCount < mostMonitors else {
      throw EngineError(status: 429, messages: ["too many clients follow the log already"])
    }
    return Reply(
      .stream(contentType: isJSON ? "application/json" : "text/plain; charset=utf-8") { send in
        let backlog = Monitored(Backlog())
        let listener = sink.addListener(
          level: level, format: isJSON ? .json : .standard, ended: { backlog.update { $0.isOver = true } }
        ) { line in
          // A reader that is too slow loses lines; the server does not wait for it.
          backlog.update { if $0.lines.count < 1000 { $0.lines.append(line) } }
        }
        defer { sink.removeListener(listener) }
        try send([])
        while true {
          let news = backlog.wait(atMost: .seconds(5)) { backlog in
            if backlog.lines.isEmpty && !backlog.isOver { return nil as Backlog? }
            defer { backlog.lines = [] }
            return backlog
          }
          // An empty piece finds out whether the reader is still there.
          try send(Array((news?.lines ?? []).joined()))
          if news?.isOver == true { return }
        }
      })
  }

  private static func inFlight(_ call: Call) throws -> Reply {
    let state = try call.active.state
    let requests = try state.inFlight.all.map { entry -> (String, JSONValue) in
      let face: JSONObject = [
        "start_time": .string(entry.received.rfc3339),
        "client_remote_address": .string("\(entry.remoteAddress):\(entry.remotePort)"),
        "request_path": .string("/v1/" + entry.path), "request_method": .string(method(entry.operation.rawValue)),
        "client_id": .string(try state.clientID(of: entry, now: call.now)),
        "duration": .string((call.now - entry.received).goDescription),
      ]
      return (entry.id, .object(face))
    }
    return Reply(.plain(JSONText(JSONObject(requests))))
  }

  private static func method(_ operation: String) -> String {
    switch operation {
    case "read": "GET"
    case "header": "HEAD"
    case "list", "delete", "patch", "options": operation.uppercased()
    default: "PUT"
    }
  }
}
