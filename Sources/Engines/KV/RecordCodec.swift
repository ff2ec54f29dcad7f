internal import Primitives

/// Writes the engine's own binary records: big-endian numbers, texts with their length before them.
struct RecordWriter {
  private(set) var bytes: [UInt8] = []

  init(reserving capacity: Int) { bytes.reserveCapacity(capacity) }

  mutating func byte(_ value: UInt8) { bytes.append(value) }

  mutating func uint32(_ value: UInt32) { number(value.bigEndian) }
  mutating func int64(_ value: Int64) { number(value.bigEndian) }

  private mutating func number<N: FixedWidthInteger>(_ value: N) {
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }

  mutating func text(_ value: some Collection<UInt8>) {
    uint32(UInt32(truncatingIfNeeded: value.count))
    bytes.append(contentsOf: value)
  }

  mutating func rest(_ value: some Collection<UInt8>) { bytes.append(contentsOf: value) }
}

/// Reads them back. Every read past the end is an error.
struct RecordReader {
  struct Damaged: Error {}

  private let bytes: [UInt8]
  private(set) var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func byte() throws(Damaged) -> UInt8 {
    guard at < bytes.count else { throw Damaged() }
    at += 1
    return bytes[at - 1]
  }

  mutating func uint32() throws(Damaged) -> UInt32 { UInt32(bigEndian: try number()) }
  mutating func int64() throws(Damaged) -> Int64 { Int64(bigEndian: try number()) }

  private mutating func number<N: FixedWidthInteger & BitwiseCopyable>() throws(Damaged) -> N {
    let from = at
    try skip(MemoryLayout<N>.size)
    return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: from, as: N.self) }
  }

  mutating func timestamp() throws(Damaged) -> Timestamp { Timestamp(nanoseconds: try int64()) }

  mutating func text() throws(Damaged) -> ArraySlice<UInt8> {
    let count = Int(try uint32())
    guard count <= bytes.count - at else { throw Damaged() }
    at += count
    return bytes[at - count..<at]
  }

  mutating func string() throws(Damaged) -> String { String(decoding: try text(), as: UTF8.self) }

  mutating func skip(_ count: Int) throws(Damaged) {
    guard count >= 0, count <= bytes.count - at else { throw Damaged() }
    at += count
  }

  var rest: ArraySlice<UInt8> { bytes[at...] }
}
