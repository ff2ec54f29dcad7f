internal import Glibc

/// Bytes that a connection has yet to send.
struct Outbound {
  private var segments: [[UInt8]] = []
  /// How much of the first segment has gone.
  private var offset = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ bytes: [UInt8]) {
    if bytes.isEmpty { return }
    segments.append(bytes)
    count += bytes.count
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) { append([UInt8](bytes)) }

  /// Sends until all has gone (`bytes`, with how many) or the transport takes no more.
  mutating func flush(_ transport: inout Transport, sent: inout Int) -> Transport.Transfer {
    while let first = segments.first {
      let start = offset
      let result = first.withUnsafeBytes { transport.write(UnsafeRawBufferPointer(rebasing: $0[start...])) }
      guard case .bytes(let written) = result else { return result }
      offset += written
      count -= written
      sent += written
      if offset >= first.count {
        segments.removeFirst()
        offset = 0
      }
    }
    return .bytes(sent)
  }

  mutating func removeAll() { self = Outbound() }
}
