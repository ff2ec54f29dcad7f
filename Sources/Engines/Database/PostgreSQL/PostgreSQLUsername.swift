internal import Primitives

/// Names of users that PostgreSQL takes: at most 63 bytes, and nothing in them that could end a quoted name or text.
struct PostgreSQLUsername: Sendable {
  private static let maxBytes = 63

  private let random: RandomSource

  init(template: String, random: RandomSource) throws(DatabaseError) {
    self.random = random
    if !template.isEmpty { throw DatabaseError("unable to initialize username template: not there yet") }
  }

  func username(for subject: UsernameSubject) throws(DatabaseError) -> String {
    let display = subject.displayName.prefix(8)
    let role = subject.roleName.prefix(8)
    return Self.tidied("v-\(display)-\(role)-\(random.base62(20))-\(subject.now.seconds)")
  }

  /// Statements have names between quotes, of which they must not get out. Display names come from identity providers.
  static func tidied(_ name: String) -> String {
    var bytes = Array(
      String(
        String.UnicodeScalarView(
          name.unicodeScalars.map { scalar in
            scalar.value < 0x20 || scalar.value == 0x7F || "\"'\\;$".unicodeScalars.contains(scalar) ? "_" : scalar
          })
      ).utf8.prefix(maxBytes))
    // Not in the middle of a character.
    while !bytes.isEmpty, String(validating: bytes, as: UTF8.self) == nil { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
