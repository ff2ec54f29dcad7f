package import AuditAPI

/// Links entries to what was written before.
package struct ChainWriter: Sendable {
  /// The newest entry; nil before the first of a new chain.
  package private(set) var head: AuditChainHead?
  private let key: ChainKey
  /// Of the chain that begins where there is no head.
  private let id: String
  private let follows: AuditChainHead?

  /// - Parameters:
  ///   - head: what to go on from; nil begins a chain.
  ///   - newID: 16 hexadecimal digits, by which a chain that begins is told from others.
  ///   - follows: what a chain that begins says of the one before.
  package init(key: ChainKey, head: AuditChainHead?, newID: String, follows: AuditChainHead? = nil) {
    self.key = key
    self.head = head
    id = newID
    self.follows = head == nil ? follows : nil
  }

  /// The lines of `entries`, each an object and its line feed, with their links.
  /// - Parameter torn: a piece of an entry that stands before them in the file.
  package mutating func link(_ entries: [UInt8], torn: ChainLink.Fragment? = nil) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(entries.count &+ 512)
    var torn = torn
    var rest = entries[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let before = head ?? AuditChainHead(id: id, sequence: 0, hash: ChainLink.noHash)
      let begins = head == nil
      head = ChainLink.append(
        rest[...end], after: before, begins: begins, follows: begins ? follows : nil, torn: torn, key: key, to: &out)
      torn = nil
      rest = rest[(end &+ 1)...]
    }
    return out
  }
}
