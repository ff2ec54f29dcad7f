import EngineAPI
import JSONText
import Primitives
import Testing

@testable import DatabaseEngine

@Suite struct RoleTests {
  @Test func aRecordReadsBack() throws {
    var role = RoleRecord(connection: "lab")
    role.creationStatements = ["a; b", "c"]
    role.revocationStatements = ["d"]
    role.rollbackStatements = ["e"]
    role.renewStatements = ["f"]
    role.defaultTTL = .seconds(90)
    role.maxTTL = .hours(2)
    let certificates = try ClientCertificateSettings([
      "key_type": "ec", "key_bits": "384", "signature_bits": "512", "ca_cert": "c", "ca_private_key": "k",
      "common_name_template": "t",
    ])
    for settings: CredentialSettings in [
      .password(policy: ""), .password(policy: "p"), .rsaPrivateKey(bits: 3072), .clientCertificate(certificates),
    ] {
      role.credential = settings
      #expect(RoleRecord(bytes: role.bytes) == role)
    }
    #expect(RoleRecord(bytes: Array("[]".utf8)) == nil)
  }

  @Test func whatIsNotNamedStays() throws {
    let m = try Mounted()
    try m.call(.update, "roles/app", ["credential_config": ["password_policy": "p"], "renew_statements": ["R"]])
    try m.call(.update, "roles/app", ["max_ttl": "3h"])
    let data = try m.data(try m.call(.read, "roles/app"))
    #expect(data["max_ttl"] == 10800 && data["default_ttl"] == 3600)
    #expect(data["credential_config"] == ["password_policy": "p"] && data["renew_statements"] == ["R"])
  }

  @Test func aNameIsOfOneKindOfRole() throws {
    let m = try Mounted()
    try m.storage.put(DatabaseMount.Folder.staticRoles + "taken", Array("{}".utf8))
    #expect(throws: EngineError.invalid("Role and Static Role names must be unique")) {
      try m.call(.update, "roles/taken", ["db_name": "lab"])
    }
  }

  @Test(
    arguments: [
      (
        ["credential_type": "rsa_private_key", "credential_config": ["key_bits": 1024]],
        "invalid key_bits: 1024"
      ),
      (["credential_type": "rsa_private_key", "credential_config": ["format": "der"]], "invalid format: der"),
      (["credential_type": "client_certificate"], "invalid key_type"),
      (
        ["credential_type": "client_certificate", "credential_config": ["key_type": "rsa", "key_bits": 1024]],
        "invalid key_bits: 1024"
      ),
      (
        ["credential_type": "client_certificate", "credential_config": ["key_type": "ec", "signature_bits": 1]],
        "invalid signature_bits: 1"
      ),
      (
        ["credential_type": "client_certificate", "credential_config": ["key_type": "ec", "ca_cert": "c"]],
        "client certificates need both ca_cert and ca_private_key"
      ),
      (
        [
          "credential_type": "client_certificate",
          "credential_config": ["key_type": "ec", "ca_cert": "c", "ca_private_key": "k"],
        ], "ca_cert is no certificate in PEM"
      ),
    ] as [(JSONObject, String)])
  func credentialsThatCannotBeMade(_ fields: JSONObject, _ reason: String) throws {
    let m = try Mounted()
    var fields = fields
    fields["db_name"] = "lab"
    #expect(throws: EngineError.invalid("credential_config validation failed: " + reason)) {
      try m.call(.update, "roles/x", fields)
    }
  }

  @Test func theAuthoritysKeyIsNotShown() throws {
    let settings = try ClientCertificateSettings(["key_type": "ed25519", "ca_cert": "c", "ca_private_key": "k"])
    let shown = CredentialSettings.clientCertificate(settings).answer
    #expect(shown == ["key_type": "ed25519", "signature_bits": 256, "ca_cert": "c"])
    #expect(!"\(settings)".contains("k\""))
  }

  @Test(arguments: ["rsa_private_key", "client_certificate"])
  func typesThatTheDatabaseDoesNotKnow(_ type: String) throws {
    let m = try Mounted()
    let config: JSONObject = type == "client_certificate" ? ["key_type": "ec"] : [:]
    try m.call(.update, "roles/app", ["credential_type": .string(type), "credential_config": .object(config)])
    #expect(throws: EngineError.invalid("unsupported credential_type: \"\(type)\"")) { try m.call(.read, "creds/app") }
    #expect(try m.database.users.isEmpty && m.creations.isEmpty)
  }
}
