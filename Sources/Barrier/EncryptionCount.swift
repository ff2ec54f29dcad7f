/// How many records the active key has encrypted, kept so that a crash can make the count too large but never too
/// small.
///
/// The store holds a reservation that is ahead of what was done. Who comes to its end writes a new one with the very
/// batch that does so, once in a million records, and after a crash the whole reservation counts as spent. The commits
/// under way at that moment, at most as many as there are threads, are the only ones that go ahead of it.
struct EncryptionCount: Sendable, Equatable {
  /// Encryptions known to have been done; what is shown.
  private(set) var counted: Int64
  /// An upper bound of the encryptions ever done; what decides.
  private(set) var spent: Int64
  private(set) var reserved: Int64
  private var stored: Int64

  /// How far a reservation goes ahead.
  static let ahead: Int64 = 1 << 20

  init() {
    counted = 0
    spent = 0
    reserved = 0
    stored = 0
  }

  /// What a write of `records` must do beside.
  enum Step: Equatable {
    case encrypt
    /// Store `record` in the same batch; call `failed` if that batch fails.
    case encryptAndStore(record: [UInt8])
  }

  mutating func encrypt(_ records: Int) -> Step {
    add(records)
    return spent > reserved ? store() : .encrypt
  }

  /// The record to store in order that the count shown is right after a restart; nil where nothing was encrypted since
  /// the last.
  mutating func exact() -> [UInt8]? {
    guard counted != stored, case .encryptAndStore(let record) = store() else { return nil }
    return record
  }

  /// What was to be stored was not: the next write tries again.
  mutating func failed() {
    reserved = 0
    stored = -1
  }

  private mutating func store() -> Step {
    // The record is a record too.
    add(1)
    reserved = spent.addingReportingOverflow(Self.ahead).overflow ? .max : spent + Self.ahead
    stored = counted
    return .encryptAndStore(record: Self.bytes(counted) + Self.bytes(reserved))
  }

  private mutating func add(_ records: Int) {
    for path in [\EncryptionCount.counted, \.spent] {
      let (sum, overflow) = self[keyPath: path].addingReportingOverflow(Int64(records))
      self[keyPath: path] = overflow ? .max : sum
    }
  }

  // MARK: Stored form: counted and reserved, 8 bytes each, big-endian

  init?(record: [UInt8]) {
    guard record.count == 16 else { return nil }
    counted = Self.number(record[..<8])
    reserved = Self.number(record[8...])
    guard 0 <= counted, counted <= reserved else { return nil }
    spent = reserved
    stored = counted
  }

  private static func bytes(_ value: Int64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
  private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 { bytes.reduce(0) { $0 << 8 | Int64($1) } }
}
