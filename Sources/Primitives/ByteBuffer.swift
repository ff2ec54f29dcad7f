/// Bytes written one after the other into memory that grows. It has one owner and is not counted, which makes it the
/// thing to write answers and log entries with; an array costs a look at its reference count with each piece.
public struct ByteBuffer: ~Copyable, @unchecked Sendable {
  // Unchecked for the pointer, which nobody else has.
  @usableFromInline
  var base: UnsafeMutablePointer<UInt8>
  @usableFromInline
  var capacity: Int
  @usableFromInline
  var used = 0
  @inlinable public var count: Int { used }

  public init(reserving capacity: Int = 256) {
    self.capacity = max(16, capacity)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  /// A copy of what was written.
  public var bytes: [UInt8] { Array(UnsafeBufferPointer(start: base, count: used)) }

  public func withBytes<R, E: Error>(_ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R) throws(E) -> R {
    try body(UnsafeBufferPointer(start: base, count: used))
  }

  @inlinable
  public mutating func append(_ byte: UInt8) {
    if used == capacity { grow(1) }
    base[used] = byte
    used &+= 1
  }

  @inlinable
  public mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let source = bytes.baseAddress else { return }
    if capacity &- used < bytes.count { grow(bytes.count) }
    (base + used).update(from: source, count: bytes.count)
    used &+= bytes.count
  }

  @inlinable
  public mutating func append(_ text: StaticString) {
    let length = text.utf8CodeUnitCount
    if capacity &- used < length { grow(length) }
    (base + used).update(from: text.utf8Start, count: length)
    used &+= length
  }

  @inlinable
  public mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { append($0) } }

  @inlinable
  public mutating func append(_ text: String) {
    // Texts from the network are contiguous already; a copy is made of others only.
    if text.utf8.withContiguousStorageIfAvailable({ append($0) }) == nil {
      for byte in text.utf8 { append(byte) }
    }
  }

  /// Has `body` write up to `count` bytes into fresh room and say how many it wrote.
  @inlinable
  public mutating func append(upTo count: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
    if capacity &- used < count { grow(count) }
    used &+= min(count, max(0, body(base + used)))
  }

  public mutating func append(decimal value: Int64) {
    append(upTo: 20) { room in
      var rest = value.magnitude
      var at = 20
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
        repeat {
          at &-= 1
          digits[at] = 48 &+ UInt8(truncatingIfNeeded: rest % 10)
          rest /= 10
        } while rest > 0
        if value < 0 {
          at &-= 1
          digits[at] = UInt8(ascii: "-")
        }
        for index in at..<20 { room[index &- at] = digits[index] }
      }
      return 20 &- at
    }
  }

  /// Takes back what was written after the first `count` bytes.
  public mutating func truncate(to count: Int) { used = max(0, min(used, count)) }

  @usableFromInline
  mutating func grow(_ more: Int) {
    let wanted = max(capacity &* 2, used &+ more)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
    larger.update(from: base, count: used)
    base.deallocate()
    base = larger
    capacity = wanted
  }
}
