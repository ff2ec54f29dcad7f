internal import Client
internal import JSONText
internal import Primitives

struct AuditQueryCommand: Command {
  let words = ["audit", "query"]
  let synopsis = "Find entries in audit logs"
  let usage = "FILE ..."
  let details = """
    Shows the entries for which everything holds that is asked, in the order in which they stand in the files. A file -
    is standard input. Logs of any size are read in little memory.

        $ coffer audit query -path='secret/data/prod/**' -denied -since=24h /var/log/coffer/audit.log
        $ zcat audit.log.*.gz | coffer audit query -format=json -operation=delete -

    Values are hashed in the log. With -device the server is asked what a value looks like there:

        $ coffer audit query -device=file -value=- /var/log/coffer/audit.log < suspected-leak.txt

    Exit status: 0 entries were found; 1 the command was used wrongly or a file cannot be read; 2 there are none, or the
    server refused.
    """
  let arity = Arity.atLeast(1)
  let shares: SharedFlags = [.client, .format]
  private let path = Flag<String>("path", "Path: ? stands for a character, * for any in a segment, ** for any at all.")
  private let entity = Flag<String>("entity", "Identifier of the entity that asked.")
  private let accessor = Flag<String>("accessor", "Accessor of the token that was used or issued. Hashed with -device.")
  private let operation = Flag<String>("operation", "Such as read, create, update, delete or list.")
  private let since = Flag<String>("since", "From this time on: RFC 3339, or a span such as 24h before now.")
  private let until = Flag<String>("until", "Before this time: RFC 3339, or a span such as 1h before now.")
  private let denied = Flag<Bool>("denied", "Only what was refused for want of rights.")
  private let remote = Flag<String>("remote-address", "Address of the client, or a range in CIDR notation.")
  private let kind = Flag<String>("type", "Only entries of this type: request or response.")
  private let id = Flag<String>("request-id", "Both entries of one request.")
  private let value = Flag<String>("value", "A value that stands in the entry; - reads it from standard input.")
  private let device = Flag<String>("device", "The device that wrote the log, for hashing -value and -accessor.")
  private let limit = Flag<Int64>("limit", default: 0, "Stop after so many entries; 0 for all.")
  var flags: [any AnyFlag] {
    [accessor, denied, device, entity, id, kind, limit, operation, path, remote, since, until, value]
  }

  func run(_ call: Invocation) throws(CommandFailure) {
    let query = try query(call)
    let printer = EntryPrinter(output: try call.output())
    let limit = call[limit] > 0 ? Int(clamping: call[limit]) : .max
    var found = 0
    var unreadable = 0
    for file in call.arguments where found < limit {
      try call.environment.lines(of: file) { line in
        switch line {
        case .whole(let bytes), .unfinished(let bytes):
          guard let entry = AuditEntry(line: bytes) else {
            unreadable += 1
            return true
          }
          if !query.matches(entry) { return true }
          printer.print(entry, isFirst: found == 0)
          found += 1
          return found < limit
        case .tooLong:
          unreadable += 1
          return true
        }
      }
    }
    printer.finish(count: found)
    if unreadable > 0 { call.warn("\(unreadable) lines are no entries and were passed over") }
    if found == 0 { throw CommandFailure(status: 2) }
  }

  private func query(_ call: Invocation) throws(CommandFailure) -> AuditQuery {
    var query = AuditQuery()
    query.path = call.given(path).map { PathGlob($0) }
    query.type = call[kind]
    query.operation = call[operation]
    query.entityID = call[entity]
    query.requestID = call[id]
    query.isDenied = call[denied]
    query.since = try time(call, since)
    query.until = try time(call, until)
    if let text = call.given(remote) {
      guard let addresses = AddressBlock(text) else { throw .local("Invalid address: \(text)") }
      query.addresses = addresses
    }
    if let text = call.given(accessor) { query.accessors = try forms(text, call) }
    if let text = call.given(value) {
      if text == "-", call.arguments.contains("-") { throw .local("Standard input cannot be both value and log") }
      query.values = try forms(text == "-" ? Self.withoutLineFeed(call.environment.readInput()) : text, call)
    }
    return query
  }

  /// How a text may stand in the log: as it is, and as the device hashes it.
  private func forms(_ text: String, _ call: Invocation) throws(CommandFailure) -> [String] {
    if text.isEmpty { throw .local("Nothing to look for: the text is empty") }
    guard let device = call.given(device) else { return [text] }
    let client = try call.client()
    let secret = try call.attempt("Error hashing the text") { () throws(APIError) in
      try client.put("sys/audit-hash/\(Invocation.trimmed(device))", ["input": .string(text)])
    }
    guard let hash = secret?.data?["hash"]?.stringValue else {
      throw .remote("Error hashing the text: the server does not tell")
    }
    return [text, hash]
  }

  private func time(_ call: Invocation, _ flag: Flag<String>) throws(CommandFailure) -> Timestamp? {
    guard let text = call.given(flag) else { return nil }
    if let time = Timestamp(rfc3339: text) { return time }
    if let span = TimeSpan(api: text), span >= .zero { return call.environment.clock.now() - span }
    throw .local("Invalid time \"\(text)\": expected RFC 3339, or a span such as 24h")
  }

  private static func withoutLineFeed(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self)
  }
}
