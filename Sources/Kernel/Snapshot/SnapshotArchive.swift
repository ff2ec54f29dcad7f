import Cryptography
import JSONText
import Primitives
import StorageAPI

/// A snapshot as a file: a gzip'd tar of `meta.json`, `state.bin`, `SHA256SUMS` of both, and `SHA256SUMS.sealed`, which
/// only a holder of the root key can have made.
///
/// `state.bin` is a line `coffer state 1`, and for each key in byte order: the length of the key and of the value (4 bytes
/// each, most significant first), the key, the value. Values are as they lie in the store, encrypted.
enum SnapshotArchive {
  static let state = "state.bin"
  static let meta = "meta.json"
  static let sums = "SHA256SUMS"
  static let sealedSums = "SHA256SUMS.sealed"
  private static let magic = Array("coffer state 1\n".utf8)

  // MARK: Writing

  /// What must be known of a snapshot before its first byte goes out.
  struct Measure {
    var stateBytes = magic.count
    var keys = 0
    var stateDigest: [UInt8] = []
  }

  static func measure(_ snapshot: any StoreSnapshot) throws -> Measure {
    var measure = Measure()
    let digest = RunningDigest(.sha256)
    digest.update(magic)
    try snapshot.forEach { key, value in
      let record = record(key, value)
      measure.stateBytes += record.count
      measure.keys += 1
      digest.update(record)
    }
    measure.stateDigest = digest.finish()
    return measure
  }

  static func sumsText(meta: [UInt8], stateDigest: [UInt8]) -> [UInt8] {
    let metaDigest = HashFunction.sha256.digest(of: meta)
    return Array("\(Hex.encode(metaDigest))  \(Self.meta)\n\(Hex.encode(stateDigest))  \(state)\n".utf8)
  }

  static func write(
    _ snapshot: any StoreSnapshot, _ measure: Measure, meta: [UInt8], sealedSums: [UInt8], time: Int64,
    to send: ([UInt8]) throws -> Void
  ) throws {
    var gzip = GzipWriter()
    func put(_ bytes: [UInt8]) throws {
      let ready = gzip.write(bytes)
      if !ready.isEmpty { try send(ready) }
    }
    func file(_ name: String, _ content: [UInt8]) throws {
      try put(Tar.header(name, size: content.count, time: time) + content + Tar.padding(after: content.count))
    }
    try send(GzipWriter.header)
    try file(Self.meta, meta)
    try put(Tar.header(state, size: measure.stateBytes, time: time) + magic)
    try snapshot.forEach { key, value in try put(record(key, value)) }
    try put(Tar.padding(after: measure.stateBytes))
    try file(sums, sumsText(meta: meta, stateDigest: measure.stateDigest))
    try file(Self.sealedSums, sealedSums)
    try put(Tar.end)
    try send(gzip.finish())
  }

  private static func record(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(recordBytes(key: key.count, value: value.count))
    for count in [key.count, value.count] {
      for shift in [24, 16, 8, 0] { out.append(UInt8(truncatingIfNeeded: count >> shift)) }
    }
    return out + key + value
  }

  /// What a key and its value take in `state.bin`.
  static func recordBytes(key: Int, value: Int) -> Int { 8 + key + value }

  // MARK: Reading

  struct Contents {
    var entries: [(key: String, value: [UInt8])] = []
    var meta: [UInt8] = []
    var sums: [UInt8] = []
    var sealedSums: [UInt8] = []

    func value(_ key: String) -> [UInt8]? { entries.first { $0.key == key }?.value }
  }

  /// So much larger than the upload the content may be: a small file that unpacks to much is no snapshot of ours.
  private static func largestContent(_ fileBytes: Int) -> Int { max(1 << 20, fileBytes &* 16) }

  /// - Returns: nil where any part is missing or damaged.
  static func read(_ file: [UInt8]) -> Contents? {
    guard let archive = Gzip.unpack(file, limit: largestContent(file.count)),
      let files = Tar.files(in: archive), let meta = files[Self.meta], let state = files[Self.state],
      let sums = files[Self.sums], let sealedSums = files[Self.sealedSums]
    else { return nil }
    let stateDigest = HashFunction.sha256.digest(of: state)
    guard Array(sums) == sumsText(meta: Array(meta), stateDigest: stateDigest), let entries = entries(state) else {
      return nil
    }
    return Contents(entries: entries, meta: Array(meta), sums: Array(sums), sealedSums: Array(sealedSums))
  }

  private static func entries(_ state: ArraySlice<UInt8>) -> [(key: String, value: [UInt8])]? {
    guard state.starts(with: magic) else { return nil }
    var rest = state.dropFirst(magic.count)
    var entries: [(key: String, value: [UInt8])] = []
    func take(_ count: Int) -> ArraySlice<UInt8>? {
      guard count <= rest.count else { return nil }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }
    while !rest.isEmpty {
      guard let keyCount = take(4)?.reduce(0, { $0 << 8 | Int($1) }),
        let valueCount = take(4)?.reduce(0, { $0 << 8 | Int($1) }),
        let keyBytes = take(keyCount), let key = String(validating: keyBytes, as: UTF8.self),
        let value = take(valueCount)
      else { return nil }
      entries.append((key, Array(value)))
    }
    return entries
  }
}
