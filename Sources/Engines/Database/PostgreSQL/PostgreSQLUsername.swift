internal import NameTemplates
internal import Primitives

/// Names of users that PostgreSQL takes: at most 63 bytes, and nothing in them that could end a quoted name or text.
struct PostgreSQLUsername: Sendable {
  private static let standardTemplate =
    #"{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 8) (.RoleName | truncate 8) (random 20) (unix_time) }}"#
  private static let maxBytes = 63

  private let template: NameTemplate
  private let random: RandomSource

  /// - Parameter text: empty for the usual one.
  init(template text: String, random: RandomSource) throws(DatabaseError) {
    self.random = random
    do throws(TemplateError) { template = try NameTemplate(text.isEmpty ? Self.standardTemplate : text) } catch {
      throw DatabaseError("unable to initialize username template: \(error.reason)")
    }
    // What is wrong with fields and arguments shows when the template is used.
    let trial = UsernameSubject(displayName: "token", roleName: "role", now: Timestamp(seconds: 0))
    guard try !username(for: trial).isEmpty else {
      throw DatabaseError("invalid username template: it makes empty names")
    }
  }

  func username(for subject: UsernameSubject) throws(DatabaseError) -> String {
    do throws(TemplateError) {
      return Self.tidied(
        try template.render(
          ["DisplayName": subject.displayName, "RoleName": subject.roleName], now: subject.now, random: random))
    } catch { throw DatabaseError("invalid username template: \(error.reason)") }
  }

  /// Statements have names between quotes, of which they must not get out. Display names come from identity providers.
  static func tidied(_ name: String) -> String {
    let scalars = name.unicodeScalars.map { scalar -> Unicode.Scalar in
      scalar.value < 0x20 || scalar.value == 0x7F || "\"'\\;$".unicodeScalars.contains(scalar) ? "_" : scalar
    }
    var bytes = Array(String(String.UnicodeScalarView(scalars)).utf8.prefix(maxBytes))
    // Not in the middle of a character.
    while !bytes.isEmpty, String(validating: bytes, as: UTF8.self) == nil { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
