internal import Glibc

/// Keys in byte order, each with a value. Lookups and steps cost a binary search; a change moves at most one chunk.
///
/// Keys are bytes and not `String`, because `String` compares by canonical equivalence: two spellings of "é" would be one key, and the
/// order would not be that of the bytes.
///
/// Public so that the compiler makes versions of it for the stores.
public struct KeyTable<Value> {
  @usableFromInline
  struct Chunk {
    @usableFromInline
    var keys: [[UInt8]]
    @usableFromInline
    var values: [Value]

    @inlinable
    init(keys: [[UInt8]], values: [Value]) {
      self.keys = keys
      self.values = values
    }
  }

  // No chunk is empty; the keys of each chunk lie below those of the next.
  @usableFromInline
  var chunks: [Chunk] = []
  @usableFromInline
  var total = 0
  @usableFromInline
  let chunkLimit: Int

  @inlinable public var count: Int { total }

  /// `chunkLimit` is a matter of speed only; tests make it small.
  @inlinable
  public init(chunkLimit: Int = 256) { self.chunkLimit = max(2, chunkLimit) }

  @inlinable
  public var isEmpty: Bool { count == 0 }

  @inlinable
  public subscript(key: [UInt8]) -> Value? {
    let chunk = chunkHolding(key)
    guard chunk < chunks.count else { return nil }
    let place = Self.lowerBound(chunks[chunk].keys, key)
    guard place < chunks[chunk].keys.count, KeyOrder.areEqual(chunks[chunk].keys[place], key) else { return nil }
    return chunks[chunk].values[place]
  }

  /// The first key at or after `key`, and its value.
  @inlinable
  public func first(from key: [UInt8]) -> (key: [UInt8], value: Value)? {
    var chunk = chunkHolding(key)
    guard chunk < chunks.count else { return nil }
    var place = Self.lowerBound(chunks[chunk].keys, key)
    if place == chunks[chunk].keys.count {
      chunk += 1
      place = 0
    }
    guard chunk < chunks.count else { return nil }
    return (chunks[chunk].keys[place], chunks[chunk].values[place])
  }

  /// The last key at or before `key`, and its value.
  @inlinable
  public func last(upTo key: [UInt8]) -> (key: [UInt8], value: Value)? {
    let chunk = chunkHolding(key)
    guard chunk < chunks.count else { return nil }
    var place = Self.lowerBound(chunks[chunk].keys, key)
    if place == chunks[chunk].keys.count || !KeyOrder.areEqual(chunks[chunk].keys[place], key) { place -= 1 }
    guard place >= 0 else { return nil }
    return (chunks[chunk].keys[place], chunks[chunk].values[place])
  }

  /// Returns the value that was there before.
  @discardableResult
  @inlinable
  public mutating func set(_ key: [UInt8], _ value: Value) -> Value? {
    guard !chunks.isEmpty else {
      chunks.append(Chunk(keys: [key], values: [value]))
      total = 1
      return nil
    }
    let chunk = chunkHolding(key)
    let place = Self.lowerBound(chunks[chunk].keys, key)
    if place < chunks[chunk].keys.count, KeyOrder.areEqual(chunks[chunk].keys[place], key) {
      let old = chunks[chunk].values[place]
      chunks[chunk].values[place] = value
      return old
    }
    chunks[chunk].keys.insert(key, at: place)
    chunks[chunk].values.insert(value, at: place)
    total += 1
    if chunks[chunk].keys.count > chunkLimit { split(chunk) }
    return nil
  }

  @discardableResult
  @inlinable
  public mutating func remove(_ key: [UInt8]) -> Value? {
    let chunk = chunkHolding(key)
    guard chunk < chunks.count else { return nil }
    let place = Self.lowerBound(chunks[chunk].keys, key)
    guard place < chunks[chunk].keys.count, KeyOrder.areEqual(chunks[chunk].keys[place], key) else { return nil }
    chunks[chunk].keys.remove(at: place)
    let old = chunks[chunk].values.remove(at: place)
    total -= 1
    if chunks[chunk].keys.isEmpty { chunks.remove(at: chunk) }
    return old
  }

  /// Removes every key that begins with `prefix` and tells `removed` about each.
  @inlinable
  public mutating func removeAll(beginningWith prefix: [UInt8], removed: ([UInt8], Value) -> Void = { _, _ in }) {
    while let next = first(from: prefix), next.key.starts(with: prefix) {
      remove(next.key)
      removed(next.key, next.value)
    }
  }

  /// Visits all keys in order.
  @inlinable
  public func forEach<E: Error>(_ body: ([UInt8], Value) throws(E) -> Void) throws(E) {
    for chunk in chunks {
      for (place, key) in chunk.keys.enumerated() { try body(key, chunk.values[place]) }
    }
  }

  /// The last chunk whose first key is not after `key`, or the first chunk.
  @inlinable
  func chunkHolding(_ key: [UInt8]) -> Int {
    var low = 0
    var high = chunks.count
    while low < high {
      let middle = (low + high) / 2
      if KeyOrder.isBefore(key, chunks[middle].keys[0]) { high = middle } else { low = middle + 1 }
    }
    return max(0, low - 1)
  }

  @inlinable
  mutating func split(_ chunk: Int) {
    let half = chunks[chunk].keys.count / 2
    let upper = Chunk(keys: Array(chunks[chunk].keys[half...]), values: Array(chunks[chunk].values[half...]))
    chunks[chunk].keys.removeSubrange(half...)
    chunks[chunk].values.removeSubrange(half...)
    chunks.insert(upper, at: chunk + 1)
  }

  @inlinable
  static func lowerBound(_ keys: [[UInt8]], _ key: [UInt8]) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if KeyOrder.isBefore(keys[middle], key) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension KeyTable: Sendable where Value: Sendable {}
extension KeyTable.Chunk: Sendable where Value: Sendable {}

/// The order of keys: byte by byte, a key before those it begins.
public enum KeyOrder {
  /// True where `a` comes before `b`.
  public static func isBefore(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    let order = beginnings(a, b)
    return order < 0 || (order == 0 && a.count < b.count)
  }

  /// As `==`, but not byte by byte.
  public static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.count == b.count && beginnings(a, b) == 0 }

  /// Compares as many bytes as both have.
  private static func beginnings(_ a: [UInt8], _ b: [UInt8]) -> Int32 {
    a.withUnsafeBufferPointer { x in
      b.withUnsafeBufferPointer { y -> Int32 in
        guard let p = x.baseAddress, let q = y.baseAddress else { return 0 }
        return memcmp(p, q, min(x.count, y.count))
      }
    }
  }
}
