internal import EngineAPI
internal import JSONText
internal import Primitives

/// A user that is being made. Written before the database is asked to, and deleted in the commit that makes its lease: whatever
/// the server dies of, each user has one or the other.
struct CreationRecord: Sendable, Equatable {
  var connection: String
  var role: String
  var username: String
  var revocationStatements: [String]
  var begun: Timestamp
  /// Given up: no lease can be made of it any more.
  var isAbandoned = false

  var bytes: [UInt8] {
    JSONText(
      [
        "connection": .string(connection), "role": .string(role), "username": .string(username),
        "revocation_statements": .strings(revocationStatements), "begun": .int(begun.nanoseconds),
        "abandoned": .bool(isAbandoned),
      ] as JSONObject
    ).bytes
  }
}

extension CreationRecord {
  /// Nil where the bytes are no such record.
  init?(bytes: [UInt8]) {
    guard let object = (try? JSONText(trusted: bytes).parsed())?.objectValue,
      let connection = object["connection"]?.stringValue, let username = object["username"]?.stringValue
    else { return nil }
    self.init(
      connection: connection, role: object["role"]?.stringValue ?? "", username: username,
      revocationStatements: object.strings("revocation_statements"),
      begun: Timestamp(nanoseconds: object["begun"]?.int64Value ?? 0),
      isAbandoned: object["abandoned"]?.boolValue ?? false)
  }
}

/// Creations that requests of this process are at. Their records are left alone.
struct RunningCreations: Sendable {
  /// From the end of a request's work on, the lease should be there soon.
  static let patience = TimeSpan.minutes(1)

  /// By id; when the request's work ended, nil while it goes on.
  private var running: [String: Timestamp?] = [:]

  mutating func begin(_ id: String) { running[id] = .some(nil) }
  mutating func handOver(_ id: String, _ now: Timestamp) { running[id] = .some(now) }
  mutating func forget(_ id: String) { running[id] = nil }

  /// When to look at the record again; nil where nobody is at it.
  func expected(_ id: String, _ now: Timestamp) -> Timestamp? {
    guard let ended = running[id] else { return nil }
    guard let ended else { return now + Self.patience }
    let due = ended + Self.patience
    return due > now ? due : nil
  }

  /// Forgets what was handed over long ago and has no record any more.
  mutating func keep(_ ids: Set<String>, _ now: Timestamp) {
    running = running.filter { id, ended in
      guard let ended else { return true }
      return ids.contains(id) || ended + Self.patience > now
    }
  }
}
