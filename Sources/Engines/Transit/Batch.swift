internal import EngineAPI
internal import JSONText

/// One item of `batch_input`. Its members are read more strictly than the fields of a request: clients rely on the errors.
struct BatchItem {
  let index: Int
  let members: JSONObject
  /// Whether a number counts as the text that it is written as.
  var takesNumbers = false

  func has(_ name: String) -> Bool { members[name] != nil }

  /// A text; empty where it is absent or null.
  func text(_ name: String, _ problems: inout BatchProblems) -> String {
    switch members[name] {
    case nil, .null?: return ""
    case .string(let text)?: return text
    case .number(let number)? where takesNumbers: return number.text
    case .some(let other):
      problems.add("'[\(index)].\(name)' expected type 'string', got unconvertible type '\(Coercion.name(other))'")
      return ""
    }
  }

  /// A text, read as leniently as a field of a request; empty where it is absent.
  func coerced(_ name: String) throws(FieldMismatch) -> String { try Coercion.string(members[name] ?? .null) }

  /// A text that must be there and must not be null.
  func required(_ name: String, missing: String, _ problems: inout BatchProblems) -> String {
    switch members[name] {
    case nil:
      problems.add("'[\(index)].\(name)' \(missing)")
      return ""
    case .null?:
      problems.add("'[\(index)].\(name)' expected type 'string', got unconvertible type '<nil>'")
      return ""
    default: return text(name, &problems)
    }
  }

  func int(_ name: String, _ problems: inout BatchProblems) -> Int64 {
    switch members[name] {
    case nil, .null?: return 0
    case .number(let number)?:
      if let value = number.int64 { return value }
      problems.add("'[\(index)].\(name)' expected a whole number")
      return 0
    case .some(let other):
      problems.add("'[\(index)].\(name)' expected type 'int', got unconvertible type '\(Coercion.name(other))'")
      return 0
    }
  }

  var reference: String { (try? coerced(Fields.reference)) ?? "" }
}

/// What is wrong with the form of a batch, all of which is told at once.
struct BatchProblems {
  private var texts: [String] = []
  /// More would only make the answer long.
  private static let most = 20

  mutating func add(_ text: String) { if texts.count < Self.most { texts.append(text) } }

  func check() throws(EngineError) {
    if texts.isEmpty { return }
    throw .invalid("failed to parse batch input: " + texts.joined(separator: "\n"))
  }
}

enum Batch {
  /// The items of the request, or nil where it has none and is a single one.
  static func items(_ call: Call, takingNumbers: Bool = false) throws(EngineError) -> [BatchItem]? {
    guard let raw = call.fields[Fields.batch.name], !raw.isNull else { return nil }
    guard let values = raw.arrayValue else {
      throw .invalid("failed to parse batch input: source data must be an array or slice, got \(Coercion.name(raw))")
    }
    if values.isEmpty { throw .invalid("missing batch input to process") }
    var problems = BatchProblems()
    var items: [BatchItem] = []
    items.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      if let members = value.objectValue {
        items.append(BatchItem(index: index, members: members, takesNumbers: takingNumbers))
      } else {
        problems.add("[\(index)] expected a map, got '\(Coercion.name(value))'")
      }
    }
    try problems.check()
    return items
  }

  /// The contexts' common rule: every item has one, or none has.
  static func checkContexts(_ contexts: [String]) throws(EngineError) {
    guard let first = contexts.first else { return }
    if contexts.contains(where: { $0.isEmpty != first.isEmpty }) {
      throw .invalid("context should be set either in all the request blocks or in none")
    }
  }
}

/// Writes `batch_results` and keeps count of failures.
struct BatchResults: ~Copyable {
  private var writer: JSONWriter
  private var refusals = 0
  private var internalRefusals = 0
  private var count = 0

  init(reserving items: Int) {
    writer = JSONWriter(reserving: 64 + items * 128)
    writer.beginObject()
    writer.name("batch_results")
    writer.beginArray()
  }

  /// Writes one item; on refusal `failed` writes what stands before the error.
  mutating func add(
    _ reference: String, failed: (inout JSONWriter) -> Void = { _ in },
    _ body: (inout JSONWriter) throws(Refusal) -> Void
  ) {
    count += 1
    var item = JSONWriter(reserving: 128)
    item.beginObject()
    do throws(Refusal) { try body(&item) } catch {
      refusals += 1
      if error.isInternal { internalRefusals += 1 }
      item = JSONWriter(reserving: 128)
      item.beginObject()
      failed(&item)
      item.name("error")
      item.string(error.text)
    }
    item.name("reference")
    item.string(reference)
    item.endObject()
    writer.raw(item.bytes)
  }

  private mutating func finished() -> JSONText {
    writer.endArray()
    writer.endObject()
    return JSONText(trusted: writer.bytes)
  }

  /// Where failures leave the status at 200.
  mutating func lenientReply() -> Reply { .data(finished()) }

  /// Where a failure makes the status 400, or what the client wants in its place.
  mutating func reply(partialFailure: Int64?) -> Reply {
    var reply = Reply.data(finished())
    if refusals == 0 { return reply }
    reply.status = internalRefusals == refusals ? 500 : 400
    guard let wanted = partialFailure, wanted != 0, refusals < count else { return reply }
    // What has no body cannot carry the results.
    if (200..<600).contains(wanted), ![204, 205, 304].contains(wanted) {
      reply.status = Int(wanted)
    } else {
      reply.warnings.append(
        "invalid HTTP response code override from partial_failure_response_code, reverting to \(reply.status ?? 400)")
    }
    return reply
  }
}
