internal import AuditAPI
internal import Primitives

/// The hashes of the entries of a chain that were read last: at least as many as a server may have written since it last made a
/// note of the chain's end, which it does every 1,024 writes of some entries each.
struct RecentHashes {
  private static let most = 1 << 17
  private static let width = 32

  private var id = ""
  private var first: Int64 = 0
  /// One after the other, from that of entry `first` on.
  private var bytes: [UInt8] = []

  private var end: Int64 { first &+ Int64(bytes.count / Self.width) }

  mutating func add(_ head: AuditChainHead) {
    guard let hash = Self.read(head) else { return }
    if head.id != id || head.sequence != end {
      (id, first) = (head.id, head.sequence)
      bytes.removeAll(keepingCapacity: true)
    }
    if bytes.count == 2 * Self.most * Self.width {
      bytes.removeFirst(Self.most * Self.width)
      first &+= Int64(Self.most)
    }
    bytes += hash
  }

  func has(_ head: AuditChainHead) -> Bool {
    guard head.id == id, head.sequence >= first, head.sequence < end, let hash = Self.read(head) else { return false }
    let place = Int(head.sequence &- first) * Self.width
    return bytes[place..<place + Self.width].elementsEqual(hash)
  }

  private static func read(_ head: AuditChainHead) -> [UInt8]? {
    guard let hash = Hex.decode(head.hash), hash.count == width else { return nil }
    return hash
  }
}
