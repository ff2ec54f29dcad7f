internal import Primitives

/// The beginning of a segment file: 64 bytes.
///
///     0  8  "COFFERLG"
///     8  4  version, 1
///    12  4  CRC-32C of the other 60 bytes
///    16  8  number of the segment
///    24  8  salt
///    32 32  zero
struct SegmentHeader: Equatable {
  static let size = 64
  private static let magic = Array("COFFERLG".utf8)
  private static let version: UInt32 = 1

  var number: UInt64
  /// Goes into the checksum of every frame, so that neither stored values nor what an older file left on the disk can pass for a frame.
  var salt: UInt64

  var encoded: [UInt8] {
    var bytes = Self.magic
    bytes.appendField(Self.version)
    bytes.appendField(UInt32(0))
    bytes.appendField(number)
    bytes.appendField(salt)
    bytes += [UInt8](repeating: 0, count: Self.size - bytes.count)
    bytes.setField(CRC32C.checksum(bytes), at: 12)
    return bytes
  }

  init(number: UInt64, salt: UInt64) {
    self.number = number
    self.salt = salt
  }

  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.size, let number = bytes.field(UInt64.self, at: 16),
      let salt = bytes.field(UInt64.self, at: 24)
    else { return nil }
    self.init(number: number, salt: salt)
    guard encoded.elementsEqual(bytes.prefix(Self.size)) else { return nil }
  }
}

/// The unit of writing: all entries of one group, written at once and then synced, before the next frame is written. A crash can thus
/// tear only the last frame; a broken frame that a whole one follows is damage.
///
///     0  4  length of the body
///     4  4  CRC-32C of the segment's salt and the whole frame but this field
///     8  8  index of the first entry; replaces all earlier entries from there on
///    16  4  number of entries; without any, the frame only cuts
///    20  4  zero
///    24     the body: for each entry its term (8), length of payload (4), kind (1), zero (3), payload
///           zeros up to a multiple of 8
enum LogFrame {
  static let headerSize = 24
  static let entryHeaderSize = 16

  static func size(of entries: some Sequence<LogEntry>) -> Int {
    padded(headerSize + entries.reduce(0) { $0 + entryHeaderSize + $1.payload.count })
  }

  static func encode(_ entries: some Collection<LogEntry>, from firstIndex: UInt64, salt: UInt64) -> [UInt8] {
    var frame: [UInt8] = []
    let size = size(of: entries)
    frame.reserveCapacity(size)
    frame.appendField(UInt32(0))
    frame.appendField(UInt32(0))
    frame.appendField(firstIndex)
    frame.appendField(UInt32(entries.count))
    frame.appendField(UInt32(0))
    for entry in entries {
      frame.appendField(entry.term)
      frame.appendField(UInt32(entry.payload.count))
      frame.append(entry.kind.rawValue)
      frame += [0, 0, 0]
      frame += entry.payload
    }
    frame.setField(UInt32(frame.count - headerSize), at: 0)
    frame += [UInt8](repeating: 0, count: size - frame.count)
    let checksum = frame.withUnsafeBytes { Self.checksum($0, salt: salt) }
    frame.setField(checksum, at: 4)
    return frame
  }

  /// A whole frame as it lies in a segment.
  struct Found {
    let firstIndex: UInt64
    let count: Int
    let size: Int
    let body: UnsafeRawBufferPointer

    /// The entries; nil if they do not fill the body, which no frame with a right checksum shows.
    func entries() -> [LogEntry]? {
      var entries: [LogEntry] = []
      var at = 0
      for number in 0..<count {
        guard let term = body.field(UInt64.self, at: at), let length = body.field(UInt32.self, at: at + 8),
          let kind = body.field(UInt8.self, at: at + 12).flatMap(LogEntry.Kind.init),
          let payload = body.bytes(at: at + entryHeaderSize, count: Int(length))
        else { return nil }
        let index = firstIndex &+ UInt64(number)
        entries.append(LogEntry(index: index, term: term, kind: kind, payload: Array(payload)))
        at += entryHeaderSize + Int(length)
      }
      return at == body.count ? entries : nil
    }
  }

  enum Place {
    case frame(Found)
    /// Zeros up to the end of the file.
    case end
    case broken
  }

  /// What lies at `offset` of a segment.
  static func look(at offset: Int, in segment: UnsafeRawBufferPointer, salt: UInt64) -> Place {
    if let frame = frame(at: offset, in: segment, salt: salt) { return .frame(frame) }
    return segment.isZero(from: offset) ? .end : .broken
  }

  static func frame(at offset: Int, in segment: UnsafeRawBufferPointer, salt: UInt64) -> Found? {
    guard let length = segment.field(UInt32.self, at: offset), let stored = segment.field(UInt32.self, at: offset + 4),
      let firstIndex = segment.field(UInt64.self, at: offset + 8), firstIndex > 0,
      let count = segment.field(UInt32.self, at: offset + 16), segment.field(UInt32.self, at: offset + 20) == 0,
      UInt64(count) * UInt64(entryHeaderSize) <= UInt64(length), firstIndex <= UInt64.max / 2,
      let whole = segment.bytes(at: offset, count: padded(headerSize + Int(length))),
      checksum(whole, salt: salt) == stored, let body = whole.bytes(at: headerSize, count: Int(length))
    else { return nil }
    return Found(firstIndex: firstIndex, count: Int(count), size: whole.count, body: body)
  }

  private static func padded(_ size: Int) -> Int { (size + 7) & ~7 }

  private static func checksum(_ frame: UnsafeRawBufferPointer, salt: UInt64) -> UInt32 {
    var crc = withUnsafeBytes(of: salt.littleEndian) { CRC32C.checksum($0) }
    crc = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: frame[..<4]), seed: crc)
    return CRC32C.checksum(UnsafeRawBufferPointer(rebasing: frame[8...]), seed: crc)
  }
}
