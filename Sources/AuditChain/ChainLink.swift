package import AuditAPI
internal import JSONText
internal import Primitives

/// What a line of a chained log says of its place: the last member of the entry, `"chain":{…}`. docs/audit.md has the
/// format.
///
/// The hash is over all bytes of the line before its own digits, the hash of the line before among them; what follows
/// the digits is always `"}}` and a line feed.
package struct ChainLink: Sendable, Equatable {
  /// What a crash left of an entry, on a line of its own before this one.
  package struct Fragment: Sendable, Equatable {
    package let bytes: Int64
    package let hash: String

    package init(bytes: Int64, hash: String) {
      self.bytes = bytes
      self.hash = hash
    }

    package init(_ fragment: some Collection<UInt8>) {
      bytes = Int64(fragment.count)
      // Without a key: whoever reads the line can tell, and the line that names it is covered.
      hash = Hex.encode(ChainKey.plain.hash(fragment))
    }
  }

  package let id: String
  package let sequence: Int64
  /// The hash of the entry before; zeros where the chain begins.
  package let previous: String
  package let begins: Bool
  package let isKeyed: Bool
  package let torn: Fragment?
  /// Of a chain that begins because the end of another was not found: the last entry of that one that the server knew.
  package let follows: AuditChainHead?
  package let hash: String

  package var head: AuditChainHead { AuditChainHead(id: id, sequence: sequence, hash: hash) }

  package static let noHash = String(repeating: "0", count: hashDigits)
  static let hashDigits = 64
  static let idDigits = 16
  private static let opening = Array(",\"chain\":".utf8)
  private static let hashName = Array(",\"hash\":\"".utf8)
  private static let closing = Array("\"}}".utf8)
  /// More than any link takes.
  private static let longest = 1024

  // MARK: Writing

  /// The entry, an object and its line feed, with the link as its last member.
  static func append(
    _ entry: ArraySlice<UInt8>, after head: AuditChainHead, begins: Bool, follows: AuditChainHead?, torn: Fragment?,
    key: ChainKey, to out: inout [UInt8]
  ) -> AuditChainHead {
    let start = out.count
    let sequence = head.sequence &+ 1
    var text = "\"id\":\"\(head.id)\",\"seq\":\(sequence),\"prev\":\"\(head.hash)\""
    if begins { text += ",\"begins\":true" }
    if let follows {
      text += ",\"follows\":{\"id\":\"\(follows.id)\",\"seq\":\(follows.sequence),\"hash\":\"\(follows.hash)\"}"
    }
    if key.isKeyed { text += ",\"keyed\":true" }
    if let torn { text += ",\"torn\":{\"bytes\":\(torn.bytes),\"hash\":\"\(torn.hash)\"}" }
    // Without the closing brace and the line feed.
    out.append(contentsOf: entry.dropLast(2))
    out.append(contentsOf: opening)
    out.append(UInt8(ascii: "{"))
    out.append(contentsOf: text.utf8)
    out.append(contentsOf: hashName)
    let hash = Hex.encode(key.hash(out[start...]))
    out.append(contentsOf: hash.utf8)
    out.append(contentsOf: closing)
    out.append(UInt8(ascii: "\n"))
    return AuditChainHead(id: head.id, sequence: sequence, hash: hash)
  }

  // MARK: Reading

  /// The link of a line without its line feed; nil where it has none, or none that is whole.
  package init?(line: ArraySlice<UInt8>) {
    let tail = line.suffix(Self.longest)
    let digits = tail.dropLast(Self.closing.count).suffix(Self.hashDigits)
    guard tail.suffix(Self.closing.count).elementsEqual(Self.closing), Self.isHex(digits, Self.hashDigits),
      tail[..<digits.startIndex].suffix(Self.hashName.count).elementsEqual(Self.hashName),
      let start = Self.lastOpening(in: tail),
      let link = try? JSONParser.parse(Array(tail[start...].dropLast())).objectValue,
      let id = link["id"]?.stringValue, Self.isHex(id.utf8, Self.idDigits),
      let sequence = link["seq"]?.int64Value, sequence > 0,
      let previous = link["prev"]?.stringValue, Self.isHex(previous.utf8, Self.hashDigits)
    else { return nil }
    self.id = id
    self.sequence = sequence
    self.previous = previous
    begins = link["begins"]?.boolValue ?? false
    isKeyed = link["keyed"]?.boolValue ?? false
    hash = String(decoding: digits, as: UTF8.self)
    if let before = link["follows"] {
      guard let id = before["id"]?.stringValue, let sequence = before["seq"]?.int64Value, sequence > 0,
        let hash = before["hash"]?.stringValue
      else { return nil }
      follows = AuditChainHead(id: id, sequence: sequence, hash: hash)
    } else {
      follows = nil
    }
    if let fragment = link["torn"] {
      guard let bytes = fragment["bytes"]?.int64Value, let hash = fragment["hash"]?.stringValue else { return nil }
      torn = Fragment(bytes: bytes, hash: hash)
    } else {
      torn = nil
    }
  }

  /// Whether the line has the hash that it says it has.
  package func isTrue(of line: ArraySlice<UInt8>, key: ChainKey) -> Bool {
    let covered = line.dropLast(Self.closing.count &+ Self.hashDigits)
    return Hex.encode(key.hash(covered)) == hash
  }

  /// Where the object of the last `,"chain":{` begins. In a text of the entry its quotation marks would be escaped.
  private static func lastOpening(in tail: ArraySlice<UInt8>) -> Int? {
    var at = tail.endIndex &- opening.count &- 1
    while at >= tail.startIndex {
      if tail[at...].starts(with: opening) {
        let object = at &+ opening.count
        return object < tail.endIndex && tail[object] == UInt8(ascii: "{") ? object : nil
      }
      at &-= 1
    }
    return nil
  }

  /// One spelling only, so that no two lines say the same.
  private static func isHex(_ text: some Collection<UInt8>, _ count: Int) -> Bool {
    text.count == count
      && text.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (97...102).contains($0) }
  }
}
