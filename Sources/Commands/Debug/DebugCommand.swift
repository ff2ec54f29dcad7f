internal import Client
internal import JSONText
internal import Primitives

struct DebugCommand: Command {
  let words = ["debug"]
  let synopsis = "Collect a server's state for whoever looks into a problem"
  let details = """
    Asks the server for its configuration (without secrets), health, metrics and more, several times over, and writes
    the answers to a folder. What the token may not see is left out and noted in index.json.

        $ coffer debug -duration=1m -output=case42
    """
  private let duration = Flag<TimeSpan>("duration", default: .seconds(120), "How long to collect.")
  private let interval = Flag<TimeSpan>("interval", default: .seconds(30), "How often to ask.")
  private let folder = Flag<String>("output", "Folder to write; named after the time where not given.")
  private let targets = Flag<[String]>("target", "What to ask for; everything where not given. Repeatable.")
  var flags: [any AnyFlag] { [duration, interval, folder, targets] }

  private static let sources: [(target: String, path: String)] = [
    ("config", "sys/config/state/sanitized"), ("host", "sys/host-info"), ("metrics", "sys/metrics"),
    ("requests", "sys/in-flight-req"), ("server-status", "sys/seal-status"), ("server-status", "sys/leader"),
    ("server-status", "sys/ha-status"), ("server-status", "sys/key-status"),
  ]

  func run(_ call: Invocation) throws(CommandFailure) {
    let wanted = Self.sources.filter { call[targets].isEmpty || call[targets].contains($0.target) }
    if wanted.isEmpty { throw .local("No such target: \(call[targets].joined(separator: ", "))") }
    if call[interval] < .seconds(1) { throw .local("-interval must be 1s or more") }
    let files = call.environment.files
    let start = call.environment.clock.now()
    let stamp = start.rfc3339.filter { $0.isNumber || $0 == "T" || $0 == "Z" }
    let folder = call[folder].isEmpty ? "coffer-debug-\(stamp)" : call.environment.expanded(call[folder])
    var client = try call.client()
    client.configuration.retries.limit = 0
    if case .failure(let error) = files.makeFolder(folder) { throw .local("Error preparing the folder: \(error)") }
    let rounds = max(1, call[duration].nanoseconds / max(1, call[interval].nanoseconds))
    call.print(
      "==> Writing to \(folder), \(rounds) time\(rounds == 1 ? "" : "s"), every \(call[interval].goDescription)")
    var errors: [JSONValue] = []
    for round in 1...rounds {
      for source in wanted {
        let name = source.path.split(separator: "/").joined(separator: "_")
        do throws(APIError) {
          let body = try client.raw(APIRequest("GET", source.path)).body
          if case .failure(let error) = files.write("\(folder)/\(name)-\(round).json", body, 0o600) {
            throw .malformed("\(error)")
          }
        } catch {
          errors.append(["path": .string(source.path), "round": .int(round), "error": .string("\(error)")])
        }
      }
      if round < rounds { call.environment.sleep(call[interval]) }
    }
    let index: JSONObject = [
      "version": .string(call.environment.version), "address": .string(client.configuration.address.origin),
      "begin": .string(start.rfc3339), "end": .string(call.environment.clock.now().rfc3339),
      "targets": .strings(Set(wanted.map(\.target)).sorted()), "errors": .array(errors),
    ]
    let text = IndentedJSON.text(.object(index)) + "\n"
    if case .failure(let error) = files.write("\(folder)/index.json", Array(text.utf8), 0o600) {
      throw .local("Error writing the index: \(error)")
    }
    if !errors.isEmpty { call.warn("Some answers are missing; \(folder)/index.json says why.") }
    call.print("Success! Wrote \(folder)")
  }
}
