internal import EngineAPI
internal import Primitives

/// A key with its versions and the rules for their use. Changes are decided here and stored elsewhere.
struct KeyRecord: Sendable, Equatable {
  struct Trace: Sendable, Equatable {
    var time: Timestamp
    /// The latest version at the time.
    var version: Int64
  }

  enum Derivation: UInt8, Sendable {
    /// HMAC-SHA-256 in counter mode (NIST SP 800-108), of keys from old servers.
    case counterMode = 0
    /// HKDF with SHA-256 (RFC 5869).
    case hkdf = 1
  }

  var type: KeyType
  var isDerived = false
  var isConvergent = false
  var derivation = Derivation.hkdf
  /// -1 where each version has its own way of convergence, which all new keys have; otherwise the way of all of them.
  var convergence: Int64 = 0
  var isExportable = false
  var allowsPlaintextBackup = false
  var allowsDeletion = false
  var isImported = false
  var allowsRotationWhenImported = false
  var keySize = 0
  var rotationPeriod = TimeSpan.zero
  var latest: Int64 = 0
  /// The lowest version that decrypts and verifies.
  var minDecryption: Int64 = 1
  /// The lowest version that encrypts and signs; 0 where only the latest does by default and any may.
  var minEncryption: Int64 = 0
  /// Versions below are gone for good; 0 where none is.
  var minAvailable: Int64 = 0
  var backup: Trace?
  var restoration: Trace?
  var versions: [Int64: KeyVersion] = [:]

  init(type: KeyType) { self.type = type }

  /// The versions that may still be used, lowest first.
  var usable: [(number: Int64, version: KeyVersion)] {
    versions.filter { $0.key >= minDecryption && $0.key <= latest }.sorted { $0.key < $1.key }
      .map { (number: $0.key, version: $0.value) }
  }

  mutating func append(_ version: KeyVersion) {
    latest += 1
    versions[latest] = version
  }

  /// Why the key takes no new version of the server's own making.
  func refusalOfRotation(_ name: String) -> EngineError? {
    isImported && !allowsRotationWhenImported
      ? .invalid("imported key \(name) does not allow rotation within Vault") : nil
  }

  mutating func rotate(_ version: KeyVersion) {
    append(version)
    // From here on the server knows more of the key than who brought it.
    isImported = false
    allowsRotationWhenImported = false
  }

  /// When the next version is due; nil where rotation is left to people.
  var rotationDue: Timestamp? {
    guard rotationPeriod > .zero, !isImported || allowsRotationWhenImported, let newest = versions[latest] else {
      return nil
    }
    return newest.created + rotationPeriod
  }

  struct Settings: Sendable, Equatable {
    var minDecryption: Int64?
    var minEncryption: Int64?
    var allowsDeletion: Bool?
    var isExportable: Bool?
    var allowsPlaintextBackup: Bool?
    var rotationPeriod: TimeSpan?
  }

  /// Returns warnings.
  mutating func configure(_ settings: Settings) throws(EngineError) -> [String] {
    var warnings: [String] = []
    if var version = settings.minDecryption {
      if version < 0 { throw .invalid("min decryption version cannot be negative") }
      if version == 0 {
        version = 1
        warnings.append("since Vault 0.3, transit key numbering starts at 1; forcing minimum to 1")
      }
      if version > latest {
        throw .invalid("cannot set min decryption version of \(version), latest key version is \(latest)")
      }
      minDecryption = version
    }
    if let version = settings.minEncryption {
      if version < 0 { throw .invalid("min encryption version cannot be negative") }
      if version > latest {
        throw .invalid("cannot set min encryption version of \(version), latest key version is \(latest)")
      }
      minEncryption = version
    }
    if minEncryption > 0 && minEncryption < minDecryption {
      throw .invalid(
        "cannot set min encryption/decryption values; min encryption version of \(minEncryption) must be greater than "
          + "or equal to min decryption version of \(minDecryption)")
    }
    if minEncryption < minAvailable {
      throw .invalid("min encryption version should not be less than min available version")
    }
    // The other spelling is what clients know.
    if minDecryption < minAvailable {
      throw .invalid("min decryption version should not be less then min available version")
    }
    if let allows = settings.allowsDeletion { allowsDeletion = allows }
    if settings.isExportable == true { isExportable = true }
    if settings.allowsPlaintextBackup == true { allowsPlaintextBackup = true }
    if let period = settings.rotationPeriod { rotationPeriod = try Self.checked(period) }
    return warnings
  }

  static func checked(_ period: TimeSpan) throws(EngineError) -> TimeSpan {
    if period != .zero && period < .hours(1) {
      throw .invalid("auto rotate period must be 0 to disable or at least an hour")
    }
    return period
  }

  /// Removes the versions below `minimum` for good.
  mutating func trim(below minimum: Int64) throws(EngineError) {
    if minimum < minAvailable || minimum < 0 { throw .invalid("minimum available version cannot be decremented") }
    if minEncryption == 0 {
      throw .invalid("minimum available version cannot be set when minimum encryption version is not set")
    }
    if minimum > minEncryption {
      throw .invalid("minimum available version cannot be greater than minmum encryption version")
    }
    if minimum > minDecryption {
      throw .invalid("minimum available version cannot be greater than minimum decryption version")
    }
    if minimum == 0 { throw .invalid("minimum available version should be positive") }
    minAvailable = minimum
    versions = versions.filter { $0.key >= minimum }
  }
}
