internal import Client
internal import JSONText
internal import Primitives

struct DebugCommand: Command {
  let words = ["debug"]
  let synopsis = "Collect a server's state for whoever looks into a problem"
  let details = """
    Asks the server for its configuration (without secrets), health, metrics and more, several times over, and writes
    the answers to a .tar.gz file, or with -compress=false to a folder. What the token may not see is left out and noted
    in index.json.

        $ coffer debug -duration=1m -output=case42
    """
  private let duration = Flag<TimeSpan>("duration", default: .seconds(120), "How long to collect.")
  private let interval = Flag<TimeSpan>("interval", default: .seconds(30), "How often to ask.")
  private let metricsInterval = Flag<TimeSpan>(
    "metrics-interval", default: .seconds(10), "How often to ask for metrics.")
  private let output = Flag<String>("output", "File or folder to write; named after the time where not given.")
  private let compress = Flag<Bool>("compress", default: true, "Put everything into one .tar.gz file.")
  private let targets = Flag<[String]>("target", "What to ask for; everything where not given. Repeatable.")
  private let logFormat = Flag<String>(
    "log-format", default: "standard", "Accepted for old scripts: the log is not collected; see monitor.")
  var flags: [any AnyFlag] { [duration, interval, metricsInterval, output, compress, targets, logFormat] }

  private struct Source {
    let target: String
    let path: String
    var interval = TimeSpan.zero
    /// When it is to be asked next, from the beginning.
    var next = TimeSpan.zero
    var round: Int64 = 1
  }

  private static let sources = [
    ("config", "sys/config/state/sanitized"), ("host", "sys/host-info"), ("metrics", "sys/metrics"),
    ("requests", "sys/in-flight-req"), ("server-status", "sys/seal-status"), ("server-status", "sys/leader"),
    ("server-status", "sys/ha-status"), ("server-status", "sys/key-status"),
  ].map { Source(target: $0.0, path: $0.1) }

  func run(_ call: Invocation) throws(CommandFailure) {
    var wanted = Self.sources.filter { call[targets].isEmpty || call[targets].contains($0.target) }
    if wanted.isEmpty { throw .local("No such target: \(call[targets].joined(separator: ", "))") }
    for flag in [interval, metricsInterval] where call[flag] < .seconds(1) {
      throw .local("-\(flag.name) must be 1s or more")
    }
    guard ["standard", "json"].contains(call[logFormat]) else {
      throw .local("\(call[logFormat]) is an unknown log format (expected \"standard\" or \"json\")")
    }
    for place in wanted.indices {
      wanted[place].interval = call[wanted[place].target == "metrics" ? metricsInterval : interval]
    }
    let start = call.environment.clock.now()
    let stamp = start.rfc3339.filter { $0.isNumber || $0 == "T" || $0 == "Z" }
    let named = call[output].isEmpty ? "coffer-debug-\(stamp)" : call.environment.expanded(call[output])
    var client = try call.client()
    client.configuration.retries.limit = 0
    var package = try DebugPackage(named, isArchived: call[compress], files: call.environment.files)
    call.print(
      "==> Writing to \(package.archive ?? package.folder) for \(call[duration].goDescription), every "
        + "\(call[interval].goDescription), metrics every \(call[metricsInterval].goDescription)")
    let errors = collect(&wanted, from: client, into: &package, call)
    let index: JSONObject = [
      "version": .string(call.environment.version), "address": .string(client.configuration.address.origin),
      "begin": .string(start.rfc3339), "end": .string(call.environment.clock.now().rfc3339),
      "targets": .strings(Set(wanted.map(\.target)).sorted()), "errors": .array(errors),
    ]
    let text = IndentedJSON.text(.object(index)) + "\n"
    do throws(FileError) { try package.add("index.json", Array(text.utf8)) } catch {
      throw .local("Error writing the index: \(error)")
    }
    let place: String
    do throws(FileError) { place = try package.finish(call.environment.clock.now()) } catch {
      throw .local("Error encountered during bundle compression: \(error)")
    }
    if !errors.isEmpty { call.warn("Some answers are missing; index.json in \(place) says why.") }
    call.print("Success! Wrote \(place)")
  }

  /// Asks everything at the beginning and then in its interval until the time is over.
  /// - Returns: what could not be had.
  private func collect(
    _ sources: inout [Source], from client: APIClient, into package: inout DebugPackage, _ call: Invocation
  ) -> [JSONValue] {
    var errors: [JSONValue] = []
    var passed = TimeSpan.zero
    while let due = sources.map(\.next).min(), due == .zero || due < call[duration] {
      if due > passed { call.environment.sleep(TimeSpan(nanoseconds: due.nanoseconds &- passed.nanoseconds)) }
      passed = due
      for place in sources.indices where sources[place].next == due {
        let source = sources[place]
        let name = source.path.split(separator: "/").joined(separator: "_")
        var failure: String?
        do throws(APIError) {
          let body = try client.raw(APIRequest("GET", source.path)).body
          do throws(FileError) { try package.add("\(name)-\(source.round).json", body) } catch { failure = "\(error)" }
        } catch { failure = "\(error)" }
        if let failure {
          errors.append([
            "path": .string(source.path), "round": .int(source.round), "error": .string(failure),
          ])
        }
        sources[place].next = TimeSpan(nanoseconds: due.nanoseconds &+ source.interval.nanoseconds)
        sources[place].round += 1
      }
    }
    return errors
  }
}
