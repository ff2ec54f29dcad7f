internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI

/// A SecretID as stored; the id itself is not, only its digest is the record's name.
struct SecretID {
  static let damaged = StoreError.damaged("a SecretID's record cannot be read: make another one")

  let accessor: String
  /// How often it can still be used; 0 is no limit. One that is used up is deleted.
  var usesLeft: Int64
  /// Zero where it does not end.
  let ttl: TimeSpan
  let created: Timestamp
  var updated: Timestamp
  let metadata: [String: String]
  let blocks: [String]
  let tokenBlocks: [String]

  init(
    accessor: String, usesLeft: Int64, ttl: TimeSpan, created: Timestamp, metadata: [String: String],
    blocks: [String], tokenBlocks: [String]
  ) {
    self.accessor = accessor
    self.usesLeft = usesLeft
    self.ttl = ttl
    self.created = created
    updated = created
    self.metadata = metadata
    self.blocks = blocks
    self.tokenBlocks = tokenBlocks
  }

  var expires: Timestamp? { ttl > .zero ? created + ttl : nil }
  func isOver(at now: Timestamp) -> Bool { expires.map { $0 <= now } ?? false }

  init(_ bytes: [UInt8]) throws(StoreError) {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited),
      let accessor = record["accessor"]?.stringValue, let uses = record["uses"]?.int64Value,
      let ttl = record["ttl"]?.int64Value, let created = record["created"]?.int64Value,
      let updated = record["updated"]?.int64Value, let metadata = record["metadata"]?.objectValue,
      let blocks = record["cidr_list"]?.arrayValue, let tokenBlocks = record["token_bound_cidrs"]?.arrayValue
    else { throw Self.damaged }
    self.init(
      accessor: accessor, usesLeft: uses, ttl: TimeSpan(nanoseconds: ttl), created: Timestamp(nanoseconds: created),
      metadata: Dictionary(metadata.members.map { ($0.name, $0.value.stringValue ?? "") }) { _, last in last },
      blocks: blocks.compactMap(\.stringValue), tokenBlocks: tokenBlocks.compactMap(\.stringValue))
    self.updated = Timestamp(nanoseconds: updated)
  }

  private var metadataJSON: JSONValue {
    .object(JSONObject(metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
  }

  var encoded: [UInt8] {
    let record: JSONObject = [
      "accessor": .string(accessor), "uses": .int(usesLeft), "ttl": .int(ttl.nanoseconds),
      "created": .int(created.nanoseconds), "updated": .int(updated.nanoseconds), "metadata": metadataJSON,
      "cidr_list": .strings(blocks), "token_bound_cidrs": .strings(tokenBlocks),
    ]
    return JSONText(record).bytes
  }

  /// What a lookup shows. One that does not end has the year 1 as its end.
  var members: JSONObject {
    [
      "cidr_list": .strings(blocks),
      "creation_time": .string(created.rfc3339),
      "expiration_time": .string(expires?.rfc3339 ?? "0001-01-01T00:00:00Z"),
      "last_updated_time": .string(updated.rfc3339),
      "metadata": metadataJSON,
      "secret_id_accessor": .string(accessor),
      "secret_id_num_uses": .int(usesLeft),
      "secret_id_ttl": .int(ttl.seconds),
      "token_bound_cidrs": .strings(tokenBlocks),
    ]
  }
}

/// Texts by name, given as one text: a JSON object, or `name=value` parts between commas; either may be in base64.
enum MetadataText {
  static func parse(_ text: String) throws(EngineError) -> [String: String] {
    if text.isEmpty { return [:] }
    var text = text
    if let bytes = try? Base64.decode(text), let decoded = String(validating: bytes, as: UTF8.self) { text = decoded }
    if let texts = object(text) { return texts }
    var texts: [String: String] = [:]
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let equals = part.firstIndex(of: "="), equals != part.startIndex else {
        throw .invalid("failed to parse metadata: failed to parse the input: invalid <key,value> format")
      }
      texts[trimmed(part[..<equals])] = trimmed(part[part.index(after: equals)...])
    }
    return texts
  }

  private static func object(_ text: String) -> [String: String]? {
    guard let object = (try? JSONParser.parse(text))?.objectValue else { return nil }
    var texts: [String: String] = [:]
    for member in object.members {
      guard let value = member.value.stringValue else { return nil }
      texts[member.name] = value
    }
    return texts
  }

  private static func trimmed(_ part: Substring) -> String {
    var part = part
    while part.first?.isWhitespace == true { part.removeFirst() }
    while part.last?.isWhitespace == true { part.removeLast() }
    return String(part)
  }
}
