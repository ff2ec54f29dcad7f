package import AuditAPI
package import JSONText

/// What a device remembers of its chain outside of the log.
package struct ChainMemory: Sendable, Equatable {
  package let head: AuditChainHead
  /// Nothing was written after that entry: the device was closed in order.
  package let isFinal: Bool

  package init(head: AuditChainHead, isFinal: Bool) {
    self.head = head
    self.isFinal = isFinal
  }

  package init?(_ bytes: [UInt8]) {
    guard let record = try? JSONParser.parse(bytes).objectValue, let id = record["id"]?.stringValue,
      let sequence = record["seq"]?.int64Value, sequence > 0, let hash = record["hash"]?.stringValue
    else { return nil }
    head = AuditChainHead(id: id, sequence: sequence, hash: hash)
    isFinal = record["final"]?.boolValue ?? false
  }

  package var json: JSONText {
    let record: JSONObject = [
      "id": .string(head.id), "seq": .int(head.sequence), "hash": .string(head.hash), "final": .bool(isFinal),
    ]
    return JSONText(record)
  }

  /// What to go on from after a start; nil begins a new chain.
  ///
  /// Where the log does not end with what it must end with, the chain goes on from what is remembered, so that the log
  /// shows the place for ever.
  /// - Parameters:
  ///   - tail: the last whole line of the log, where that has a link.
  ///   - isEmpty: there is nothing in the log at all, as after rotation.
  package static func resumption(
    tail: AuditChainHead?, isEmpty: Bool, remembered: ChainMemory?
  ) -> AuditChainHead? {
    guard let remembered else { return tail }
    if remembered.isFinal { return remembered.head }
    // The end came without warning: more may have been written than is remembered, and not less.
    guard let tail else { return isEmpty ? nil : remembered.head }
    if tail.id == remembered.head.id, tail == remembered.head || tail.sequence > remembered.head.sequence {
      return tail
    }
    return remembered.head
  }
}
