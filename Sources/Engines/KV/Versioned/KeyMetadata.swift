internal import Primitives

/// Who changed a key, as its metadata shows it.
struct Attribution: Hashable {
  var actor: String
  var clientID: String
  var entityID: String
  var operation: String
}

/// What is known of one version beside its value.
struct VersionState: Equatable {
  var created: Timestamp
  /// When the version is deleted; in the future where it was given a life span.
  var deletion: Timestamp?
  var destroyed = false
  var createdBy: Attribution?
  var deletedBy: Attribution?

  /// True where the value can be read at that time.
  func isReadable(at now: Timestamp) -> Bool {
    if destroyed { return false }
    guard let deletion else { return true }
    return now < deletion
  }
}

/// What a key of version 2 holds beside its values. Plain state: storage and clock are the callers'.
struct KeyMetadata: Equatable {
  /// Versions kept where neither the mount nor the key says how many.
  static let defaultLimit: Int64 = 10

  var maxVersions: Int64 = 0
  var casRequired = false
  /// Whole seconds; zero for none.
  var deleteVersionAfter: TimeSpan = .zero
  /// A JSON object, or `null`: kept as text because every read shows it.
  var customMetadata: [UInt8] = Array("null".utf8)
  var created: Timestamp
  var updated: Timestamp
  /// The number of the latest version; 0 where there is none yet.
  var current: Int64 = 0
  /// 0 until the number of versions first reaches the limit.
  var oldest: Int64 = 0
  /// Without gaps; the last one is the current version.
  var versions: [VersionState] = []
  var lastUpdatedBy: Attribution?

  init(created: Timestamp) {
    self.created = created
    updated = created
  }

  /// The number of the first version that is still there.
  var first: Int64 { current - Int64(versions.count) + 1 }
  var numbers: [Int64] { versions.indices.map { first + Int64($0) } }

  /// Nil where there never was such a version or where it was trimmed.
  subscript(number: Int64) -> VersionState? { index(number).map { versions[$0] } }

  private func index(_ number: Int64) -> Int? {
    guard number >= 1, number >= first, number <= current else { return nil }
    return Int(number - first)
  }

  /// Adds the next version and returns the numbers of those that fall out.
  mutating func addVersion(at now: Timestamp, deletion: Timestamp?, by author: Attribution?, keeping limit: Int64)
    -> [Int64]
  {
    current += 1
    versions.append(VersionState(created: now, deletion: deletion, createdBy: author))
    updated = now
    lastUpdatedBy = author
    guard current - oldest >= limit else { return [] }
    let lastTrimmed = current - limit
    let trimmed = numbers.prefix { $0 <= lastTrimmed }
    versions.removeFirst(trimmed.count)
    oldest = lastTrimmed + 1
    return Array(trimmed)
  }

  /// False where nothing changes: the version is not there, destroyed, or deleted already.
  mutating func delete(_ number: Int64, at now: Timestamp, by author: Attribution?) -> Bool {
    guard let index = index(number), versions[index].isReadable(at: now) else { return false }
    versions[index].deletion = now
    versions[index].deletedBy = author
    lastUpdatedBy = author
    return true
  }

  /// Gives the version the deletion time that a new one would get. False where it is not there or destroyed.
  mutating func undelete(_ number: Int64, deletion: Timestamp?, by author: Attribution?) -> Bool {
    guard let index = index(number), !versions[index].destroyed else { return false }
    versions[index].deletion = deletion
    versions[index].deletedBy = nil
    lastUpdatedBy = author
    return true
  }

  /// False where the version is not there or destroyed already.
  mutating func destroy(_ number: Int64) -> Bool {
    guard let index = index(number), !versions[index].destroyed else { return false }
    versions[index].destroyed = true
    return true
  }

  /// How many versions to keep: the larger of the mount's and the key's limit.
  func limit(_ mount: MountConfiguration) -> Int64 {
    let limit = max(mount.maxVersions, maxVersions)
    return limit > 0 ? limit : Self.defaultLimit
  }

  /// When a version that begins its life now ends: by the shorter of the mount's and the key's span; never where the
  /// mount switched it off.
  func deletionTime(_ mount: MountConfiguration, now: Timestamp) -> Timestamp? {
    if mount.deleteVersionAfter < .zero { return nil }
    let spans = [mount.deleteVersionAfter, deleteVersionAfter].filter { $0 > .zero }
    return spans.min().map { now + $0 }
  }
}

/// The mount's own settings.
struct MountConfiguration: Equatable {
  var maxVersions: Int64 = 0
  var casRequired = false
  /// Whole seconds; negative switches deletion by time off for all keys.
  var deleteVersionAfter: TimeSpan = .zero
}
