internal import Primitives

// A record of metadata: format 1, flags, settings, times, numbers, custom metadata as JSON text; then a table of
// versions with entries of one size, so that a read finds its version without looking at the others; then who did what,
// each once, by index from 1.

extension KeyMetadata {
  private static let format: UInt8 = 1
  private static let entrySize = 25

  var encoded: [UInt8] {
    var authors: [Attribution] = []
    var indexes: [Attribution: UInt32] = [:]
    func index(_ author: Attribution?) -> UInt32 {
      guard let author else { return 0 }
      // Most keys have one author, and comparing is cheaper than hashing.
      if author == authors.last { return UInt32(truncatingIfNeeded: authors.count) }
      if let known = indexes[author] { return known }
      authors.append(author)
      indexes[author] = UInt32(truncatingIfNeeded: authors.count)
      return UInt32(truncatingIfNeeded: authors.count)
    }
    var writer = RecordWriter(reserving: 128 + customMetadata.count + versions.count * Self.entrySize)
    writer.byte(Self.format)
    writer.byte(casRequired ? 1 : 0)
    writer.int64(current)
    writer.int64(oldest)
    writer.text(customMetadata)
    writer.uint32(UInt32(truncatingIfNeeded: versions.count))
    for version in versions {
      writer.byte((version.destroyed ? 1 : 0) | (version.deletion == nil ? 0 : 2))
      writer.int64(version.created.nanoseconds)
      writer.int64(version.deletion?.nanoseconds ?? 0)
      writer.uint32(index(version.createdBy))
      writer.uint32(index(version.deletedBy))
    }
    writer.int64(maxVersions)
    writer.int64(deleteVersionAfter.nanoseconds)
    writer.int64(created.nanoseconds)
    writer.int64(updated.nanoseconds)
    writer.uint32(index(lastUpdatedBy))
    writer.uint32(UInt32(truncatingIfNeeded: authors.count))
    for author in authors {
      writer.text(author.actor.utf8)
      writer.text(author.clientID.utf8)
      writer.text(author.entityID.utf8)
      writer.text(author.operation.utf8)
    }
    return writer.bytes
  }

  init(decoding bytes: [UInt8]) throws(RecordReader.Damaged) {
    var reader = RecordReader(bytes)
    guard try reader.byte() == Self.format else { throw RecordReader.Damaged() }
    let flags = try reader.byte()
    let current = try reader.int64()
    let oldest = try reader.int64()
    let custom = Array(try reader.text())
    let count = Int(try reader.uint32())
    guard count <= bytes.count / Self.entrySize else { throw RecordReader.Damaged() }
    var states: [VersionState] = []
    var links: [(created: UInt32, deleted: UInt32)] = []
    states.reserveCapacity(count)
    for _ in 0..<count {
      states.append(try Self.entry(&reader))
      links.append((try reader.uint32(), try reader.uint32()))
    }
    let maxVersions = try reader.int64()
    let deleteVersionAfter = TimeSpan(nanoseconds: try reader.int64())
    let created = try reader.timestamp()
    let updated = try reader.timestamp()
    let updater = try reader.uint32()
    var authors: [Attribution] = []
    for _ in 0..<(try reader.uint32()) {
      authors.append(
        Attribution(
          actor: try reader.string(), clientID: try reader.string(), entityID: try reader.string(),
          operation: try reader.string()))
    }
    func author(_ index: UInt32) throws(RecordReader.Damaged) -> Attribution? {
      if index == 0 { return nil }
      guard Int(index) <= authors.count else { throw RecordReader.Damaged() }
      return authors[Int(index) - 1]
    }
    for (at, link) in links.enumerated() {
      states[at].createdBy = try author(link.created)
      states[at].deletedBy = try author(link.deleted)
    }
    self.init(created: created)
    self.updated = updated
    self.casRequired = flags & 1 != 0
    self.current = current
    self.oldest = oldest
    self.customMetadata = custom
    self.versions = states
    self.maxVersions = maxVersions
    self.deleteVersionAfter = deleteVersionAfter
    self.lastUpdatedBy = try author(updater)
  }

  fileprivate static func entry(_ reader: inout RecordReader) throws(RecordReader.Damaged) -> VersionState {
    let flags = try reader.byte()
    let created = try reader.timestamp()
    let deletion = try reader.timestamp()
    return VersionState(created: created, deletion: flags & 2 != 0 ? deletion : nil, destroyed: flags & 1 != 0)
  }

  /// What a read of one version shows, without taking the rest of the record apart.
  struct Glance {
    let number: Int64
    /// Without its authors.
    let state: VersionState
    let customMetadata: ArraySlice<UInt8>
  }

  /// The version of that number, or the current one for 0 and below; nil where it is not there.
  static func glance(_ bytes: [UInt8], version: Int64) throws(RecordReader.Damaged) -> Glance? {
    var reader = RecordReader(bytes)
    guard try reader.byte() == format else { throw RecordReader.Damaged() }
    _ = try reader.byte()
    let current = try reader.int64()
    _ = try reader.int64()
    let custom = try reader.text()
    let count = Int64(try reader.uint32())
    let number = version > 0 ? version : current
    let first = current - count + 1
    guard number >= 1, number >= first, number <= current else { return nil }
    try reader.skip(Int(number - first) * entrySize)
    return Glance(number: number, state: try entry(&reader), customMetadata: custom)
  }
}

/// A stored value: when its version was made, by which a read knows that value and metadata belong together, then its
/// JSON text.
enum VersionRecord {
  static func encode(created: Timestamp, json: some Collection<UInt8>) -> [UInt8] {
    var writer = RecordWriter(reserving: json.count + 8)
    writer.int64(created.nanoseconds)
    writer.rest(json)
    return writer.bytes
  }

  /// The value's JSON text; nil where the record belongs to another version than the one made at that time.
  static func json(_ bytes: [UInt8], created: Timestamp) throws(RecordReader.Damaged) -> ArraySlice<UInt8>? {
    var reader = RecordReader(bytes)
    return try reader.timestamp() == created ? reader.rest : nil
  }
}

extension MountConfiguration {
  var encoded: [UInt8] {
    var writer = RecordWriter(reserving: 18)
    writer.byte(1)
    writer.byte(casRequired ? 1 : 0)
    writer.int64(maxVersions)
    writer.int64(deleteVersionAfter.nanoseconds)
    return writer.bytes
  }

  init(decoding bytes: [UInt8]) throws(RecordReader.Damaged) {
    var reader = RecordReader(bytes)
    guard try reader.byte() == 1 else { throw RecordReader.Damaged() }
    casRequired = try reader.byte() & 1 != 0
    maxVersions = try reader.int64()
    deleteVersionAfter = TimeSpan(nanoseconds: try reader.int64())
  }
}
