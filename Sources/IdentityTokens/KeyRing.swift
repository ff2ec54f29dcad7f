package import Cryptography
package import JOSE
package import JSONText
package import Primitives

/// The keys behind one named key: the one that signs, the one that comes next and is published ahead so that verifiers
/// know it when it begins, and those of before that verifiers still need.
///
/// Rotation is due at `nextRotation` and done when a token is signed, if not in the background before. Until then nothing
/// is signed, so that what is published can be worked out from the time alone and reading it writes nothing.
package struct KeyRing: Sendable {
  package struct Rules: Sendable, Equatable {
    package var rotationPeriod: TimeSpan
    /// How long a key is published after its last signature.
    package var verificationTTL: TimeSpan

    package init(rotationPeriod: TimeSpan, verificationTTL: TimeSpan) {
      self.rotationPeriod = rotationPeriod
      self.verificationTTL = verificationTTL
    }
  }

  /// What verifiers may use.
  package struct PublishedKey: Sendable {
    package let id: String
    package let algorithm: SignatureAlgorithm
    package let publicKey: AsymmetricKey
  }

  /// Keys that are retired by hand add up until their time is over.
  package static let mostRetired = 100

  package private(set) var signing: SigningKey
  package private(set) var next: SigningKey
  package private(set) var retired: [RetiredKey] = []
  package private(set) var nextRotation: Timestamp

  package init(signing: SigningKey, next: SigningKey, now: Timestamp, rules: Rules) {
    self.signing = signing
    self.next = next
    nextRotation = now + rules.rotationPeriod
  }

  package func isDue(_ now: Timestamp) -> Bool { now >= nextRotation }

  /// Brings a ring whose rotation is due to where it stands at `now`, however many periods have gone by.
  /// - Parameter fresh: becomes the key that comes next.
  package mutating func catchUp(
    to now: Timestamp, rules: Rules, fresh: SigningKey
  ) throws(CryptographyError) {
    guard isDue(now) else { return }
    try retire(signing, until: nextRotation + rules.verificationTTL)
    signing = next
    next = fresh
    let missed = (now - nextRotation).nanoseconds / max(1, rules.rotationPeriod.nanoseconds)
    let (gone, overflow) = missed.multipliedReportingOverflow(by: rules.rotationPeriod.nanoseconds)
    nextRotation = (overflow ? now : nextRotation + TimeSpan(nanoseconds: gone)) + rules.rotationPeriod
    forget(before: now)
  }

  /// Rotates now; the key that signed until now is published for `verificationTTL` more.
  package mutating func rotate(
    at now: Timestamp, rules: Rules, verificationTTL: TimeSpan, fresh: SigningKey
  ) throws(CryptographyError) {
    try retire(signing, until: min(now, nextRotation) + verificationTTL)
    signing = next
    next = fresh
    nextRotation = now + rules.rotationPeriod
    forget(before: now)
  }

  /// Puts keys of another algorithm in place of both.
  package mutating func replace(
    at now: Timestamp, rules: Rules, signing fresh: SigningKey, next following: SigningKey
  ) throws(CryptographyError) {
    try retire(signing, until: min(now, nextRotation) + rules.verificationTTL)
    signing = fresh
    next = following
    nextRotation = now + rules.rotationPeriod
    forget(before: now)
  }

  /// A shorter period counts from now on; a longer one from the next rotation.
  package mutating func shorten(to period: TimeSpan, now: Timestamp) {
    nextRotation = min(nextRotation, now + period)
  }

  /// When the next key begins to sign or one of before is over, whichever comes first.
  package var nextChange: Timestamp { retired.map(\.until).min().map { min($0, nextRotation) } ?? nextRotation }

  package var isFull: Bool { retired.count >= Self.mostRetired }

  private mutating func retire(_ key: SigningKey, until: Timestamp) throws(CryptographyError) {
    retired.append(try RetiredKey(key, until: until))
  }

  /// Takes out what nobody needs any more.
  package mutating func forget(before now: Timestamp) { retired.removeAll { $0.until <= now } }

  /// The keys by which a token may be verified at that time.
  package func published(at now: Timestamp, rules: Rules) -> [PublishedKey] {
    var keys: [PublishedKey] = []
    if now < nextRotation || now < nextRotation + rules.verificationTTL { keys.append(Self.face(signing)) }
    keys.append(Self.face(next))
    for key in retired where now < key.until {
      keys.append(PublishedKey(id: key.id, algorithm: key.algorithm, publicKey: key.publicKey))
    }
    return keys
  }

  private static func face(_ key: SigningKey) -> PublishedKey {
    PublishedKey(id: key.id, algorithm: key.algorithm, publicKey: key.pair)
  }

  // MARK: Stored form

  package var record: JSONValue {
    get throws(CryptographyError) {
      var old: [JSONValue] = []
      for key in retired { old.append(try key.record) }
      return [
        "signing": try signing.record, "next": try next.record, "retired": .array(old),
        "rotation": .int(nextRotation.nanoseconds),
      ]
    }
  }

  package init?(record: JSONValue) {
    guard let signing = SigningKey(record: record["signing"]), let next = SigningKey(record: record["next"]),
      let rotation = record["rotation"]?.int64Value, let old = record["retired"]?.arrayValue
    else { return nil }
    retired = old.compactMap(RetiredKey.init(record:))
    guard retired.count == old.count else { return nil }
    self.signing = signing
    self.next = next
    nextRotation = Timestamp(nanoseconds: rotation)
  }
}
