import Primitives
import Testing

@testable import NameTemplates

/// The values that the documentation of username templates assumes: 2009-02-13 23:31:30 UTC, and the alphabet for random characters.
enum Published {
  static let now = Timestamp(seconds: 1_234_567_890)
  static let fields = ["DisplayName": "token-with-display-name", "RoleName": "my_custom_database_role"]

  /// Base62 has its digits first, capitals next; "a" is number 36.
  static let alphabet = RandomSource { buffer in
    for index in buffer.indices { buffer[index] = UInt8(36 + index % 26) }
  }

  static func render(_ template: String, _ fields: [String: String] = fields) throws -> String {
    try NameTemplate(template).render(fields, now: now, random: alphabet)
  }
}

@Suite struct PublishedExamplesTests {
  @Test func fieldsAreFilledIn() throws {
    #expect(
      try Published.render("{{.DisplayName}}_{{.RoleName}}") == "token-with-display-name_my_custom_database_role")
    #expect(try Published.render("{{ .DisplayName }}") == "token-with-display-name")
  }

  @Test func pipesReplaceAndRaise() throws {
    let template =
      #"FOO_{{.DisplayName | replace "-" "_" | uppercase}}_{{.RoleName | replace "-" "_" | uppercase}}"#
      + #"_{{timestamp "2006_01_02T15_04_05Z" | replace "-" "_"}}"#
    #expect(
      try Published.render(template)
        == "FOO_TOKEN_WITH_DISPLAY_NAME_MY_CUSTOM_DATABASE_ROLE_2009_02_13T23_31_30Z")
  }

  @Test func theWholeIsTruncated() throws {
    let template =
      #"{{printf "v_%s_%s_%s_%s" (.DisplayName | truncate 8) (.RoleName | truncate 8) (random 20) (unix_time) | truncate 45}}"#
    #expect(try Published.render(template) == "v_token-wi_my_custo_abcdefghijklmnopqrst_1234")
  }

  @Test func aHashStandsForWhatIsCutOff() throws {
    let fields = ["FieldName": "abcdefghijklmnopqrstuvwxyz"]
    #expect(try Published.render("{{.FieldName | truncate_sha256 20}}", fields) == "abcdefghijkl872808ff")
    #expect(try Published.render("{{.FieldName | truncate_sha256 26}}", fields) == "abcdefghijklmnopqrstuvwxyz")
  }

  @Test func theDefaultOfPostgreSQL() throws {
    let template =
      #"{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 8) (.RoleName | truncate 8) (random 20) (unix_time) | truncate 63 }}"#
    #expect(try Published.render(template) == "v-token-wi-my_custo-abcdefghijklmnopqrst-1234567890")
  }

  @Test func everyFunction() throws {
    #expect(try Published.render("{{.RoleName | uppercase}}") == "MY_CUSTOM_DATABASE_ROLE")
    #expect(try Published.render(#"{{"ABC" | lowercase}}"#) == "abc")
    #expect(try Published.render("{{random 5}}") == "abcde")
    #expect(try Published.render("{{random 0}}") == "")
    #expect(try Published.render("{{unix_time}} {{unix_time_millis}}") == "1234567890 1234567890000")
    #expect(try Published.render(#"{{timestamp "2006-01-02T15:04:05Z"}}"#) == "2009-02-13T23:31:30Z")
    #expect(try Published.render("{{uuid}}").utf8.count == 36)
    #expect(try Published.render(#"{{"abc" | base64}}"#) == "YWJj")
    // FIPS 180-4, "abc".
    #expect(
      try Published.render(#"{{sha256 "abc"}}"#) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
