import EngineAPI
import EngineFixture
import JSONText
import Primitives
import SSHKeys
import Testing

@testable import SSHEngine

@Suite struct SigningTests {
  private let open: JSONObject = ["allow_user_certificates": true, "allowed_users": "*"]

  private func open(_ more: JSONObject) -> JSONObject {
    var fields = open
    for member in more.members { fields[member.name] = member.value }
    return fields
  }

  @Test func signsWhatTheRoleSays() throws {
    let ssh = try MountedSSH.withRole(
      "r", open(["ttl": "30m", "default_extensions": ["permit-pty": ""], "default_critical_options": ["a": "b"]]))
    let answer = try ssh.sign("r", ["valid_principals": "mona, root,mona"])
    let certificate = try answer.certificate()
    #expect(certificate.kind == .user)
    #expect(certificate.principals == ["mona", "root"])
    #expect(certificate.validAfter == 1_700_000_000 - 30)
    #expect(certificate.validBefore == 1_700_000_000 + 1800)
    #expect(certificate.extensions == ["permit-pty": ""])
    #expect(certificate.criticalOptions == ["a": "b"])
    #expect(certificate.keyID == "vault-token-mona-ba76931d84feaccf6c7ca86b0445209013c47ae5b778f40b0826fd6bce16be8a")
    #expect(String(certificate.serial, radix: 16) == answer.text("serial_number"))
    #expect(answer.text("signed_key").hasSuffix("\n"))
  }

  @Test func namesWhoMayBeSignedFor() throws {
    let ssh = try MountedSSH.withRole("r", ["allow_user_certificates": true, "allowed_users": " mona , deploy"])
    #expect(try ssh.sign("r", ["valid_principals": "deploy,mona"]).certificate().principals == ["deploy", "mona"])
    for name in ["root", "*", "mona*", "Mona", "mona,root", "mon", "deploy\u{301}"] {
      let answer = try ssh.sign("r", ["valid_principals": .string(name)])
      #expect(answer.status == 400, "\(name)")
      #expect(answer.error.hasSuffix("is not a valid value for valid_principals"), "\(answer.error)")
    }
    try ssh.role("nobody", ["allow_user_certificates": true, "default_user": "mona"])
    #expect(try ssh.sign("nobody").error == "role is not configured to allow any principals")
  }

  @Test func noPrincipalsAreRefusedUnlessTheRoleAllowsThem() throws {
    let ssh = try MountedSSH.withRole("r", open)
    for fields in [[:], ["valid_principals": ""], ["valid_principals": " , ,"]] as [JSONObject] {
      #expect(try ssh.sign("r", fields).error == "empty valid principals not allowed by role")
    }
    try ssh.role("r", open(["default_user": "mona"]))
    #expect(try ssh.sign("r").certificate().principals == ["mona"])
    #expect(try ssh.sign("r", ["valid_principals": " ,"]).certificate().principals == ["mona"])
    try ssh.role("r", open(["allow_empty_principals": true]))
    #expect(try ssh.sign("r").certificate().principals == [])
    try ssh.role("h", ["allow_host_certificates": true, "allowed_domains": "*", "default_user": "mona"])
    #expect(try ssh.sign("h", ["cert_type": "host"]).status == 400)
  }

  @Test func templatesSpeakOfTheCaller() throws {
    let ssh = try MountedSSH.withRole(
      "r",
      [
        "allow_user_certificates": true, "allowed_users": "ssh-{{identity.entity.name}},shared",
        "allowed_users_template": true, "default_user": "ssh-{{identity.entity.name}}", "default_user_template": true,
        "default_extensions": ["login@example.com": "{{identity.entity.metadata.login}}", "permit-pty": ""],
        "default_extensions_template": true,
      ])
    let mona = Caller.entity(["identity.entity.name": "mona", "identity.entity.metadata.login": "m, *"])
    let certificate = try ssh.sign("r", [:], mona).certificate()
    #expect(certificate.principals == ["ssh-mona"])
    #expect(certificate.extensions == ["login@example.com": "m, *", "permit-pty": ""])
    #expect(try ssh.sign("r", ["valid_principals": "shared"], mona).status == 200)
    #expect(try ssh.sign("r", ["valid_principals": "ssh-other"], mona).status == 400)
    // The text itself is nobody's name.
    for caller in [mona, .root] {
      #expect(try ssh.sign("r", ["valid_principals": "ssh-{{identity.entity.name}}"], caller).status == 400)
    }
    #expect(try ssh.sign("r", [:], .root).status == 400)
    #expect(try ssh.sign("r", ["valid_principals": "ssh-"], .entity(["identity.entity.name": ""])).status == 400)
    #expect(try ssh.sign("r", [:], .entity(["identity.entity.name": "mona"])).status == 400)
  }

  @Test(arguments: ["*", "a,root", "a b", "a?", "!a", "a\nb", "{{x}},root"])
  func whatAnEntityIsCalledAddsNoRight(_ name: String) throws {
    let ssh = try MountedSSH.withRole(
      "r",
      [
        "allow_user_certificates": true, "allow_host_certificates": true, "allow_subdomains": true,
        "allow_bare_domains": true, "allowed_users": "{{identity.entity.name}}", "allowed_users_template": true,
        "allowed_domains": "{{identity.entity.name}}", "allowed_domains_template": true,
      ])
    let caller = Caller.entity(["identity.entity.name": name])
    for wish in ["root", "*", "x.*", name] {
      #expect(try ssh.sign("r", ["valid_principals": .string(wish)], caller).status == 400)
      #expect(try ssh.sign("r", ["valid_principals": .string(wish), "cert_type": "host"], caller).status == 400)
    }
  }

  @Test func hostsAreHeldToDomains() throws {
    let ssh = try MountedSSH.withRole("r", ["allow_host_certificates": true, "allowed_domains": "example.com,a.org"])
    func status(_ names: String) throws -> Int {
      try ssh.sign("r", ["cert_type": "host", "valid_principals": .string(names)]).status
    }
    #expect(try status("example.com") == 400)
    try ssh.role("r", ["allow_host_certificates": true, "allowed_domains": "example.com", "allow_bare_domains": true])
    #expect(try status("example.com") == 200)
    #expect(try status("web.example.com") == 400)
    try ssh.role("r", ["allow_host_certificates": true, "allowed_domains": "example.com", "allow_subdomains": true])
    #expect(try status("web.example.com,a.b.example.com") == 200)
    for name in ["example.com", ".example.com.evil.org", "evilexample.com", "web.example.org", "", ".example.com"] {
      #expect(try status(name) == 400 || name == ".example.com", "\(name)")
    }
    #expect(
      try ssh.sign("r", ["valid_principals": "web.example.com"]).error == "cert_type 'user' is not allowed by role")
    #expect(try ssh.sign("r", ["cert_type": "x"]).status == 400)
  }

  @Test func extensionsAndOptionsAreThoseThatTheRoleAllows() throws {
    let ssh = try MountedSSH.withRole("r", open(["default_extensions": ["permit-pty": ""]]))
    func sign(_ fields: JSONObject) throws -> Answer {
      var fields = fields
      fields["valid_principals"] = "mona"
      return try ssh.sign("r", fields)
    }
    #expect(
      try sign(["extensions": ["permit-pty": "", "b": "", "a": ""]]).error
        == "extensions [a b permit-pty] are not on allowed list")
    // Critical options are open unless the role lists some.
    #expect(
      try sign(["critical_options": ["force-command": "id"]]).certificate().criticalOptions == ["force-command": "id"])
    try ssh.role("r", open(["allowed_extensions": "permit-pty, x", "allowed_critical_options": "force-command"]))
    #expect(try sign(["extensions": ["x": "1"]]).certificate().extensions == ["x": "1"])
    #expect(try sign([:]).certificate().extensions == [:])
    #expect(try sign(["extensions": ["permit-pty": "", "y": ""]]).status == 400)
    #expect(try sign(["extensions": ["x,y": ""]]).status == 400)
    #expect(
      try sign(["critical_options": ["source-address": "::/0"]]).error
        == "critical options not on allowed list: [source-address]")
    try ssh.role("r", open(["allowed_extensions": "*"]))
    #expect(try sign(["extensions": ["any": "thing"]]).certificate().extensions == ["any": "thing"])
    for name in ["", "a b", "a\u{0}", "é"] {
      #expect(try sign(["extensions": .object([name: ""])]).status == 400)
    }
  }

  @Test func noCertificateIsGoodForLongerThanIsAllowed() throws {
    let ssh = try MountedSSH.withRole("r", open(["ttl": "1m", "max_ttl": "2h", "not_before_duration": "5m"]))
    func life(_ fields: JSONObject) throws -> Int64 {
      var fields = fields
      fields["valid_principals"] = "mona"
      let certificate = try ssh.sign("r", fields).certificate()
      return Int64(certificate.validBefore) - 1_700_000_000
    }
    #expect(try life([:]) == 60)
    #expect(try life(["ttl": "2h"]) == 7200)
    #expect(
      try ssh.sign("r", ["valid_principals": "a", "ttl": 7201]).error == "ttl is larger than maximum allowed 7200")
    #expect(try ssh.sign("r", ["valid_principals": "a", "ttl": "-1s"]).status == 400)
    #expect(try ssh.sign("r", ["valid_principals": "a"]).certificate().validAfter == 1_700_000_000 - 300)
    // The mount's own limits.
    try ssh.role("r", open)
    #expect(try life([:]) == 3600)
    #expect(try ssh.sign("r", ["valid_principals": "a", "ttl": "11h"]).status == 400)
    try ssh.role("r", open(["ttl": "20h"]))
    #expect(try life([:]) == 36_000)
    #expect(try ssh.sign("r", ["valid_principals": "a"]).warnings.count == 1)
    try ssh.role("r", open(["not_before_duration": "500000h"]))
    #expect(try ssh.sign("r", ["valid_principals": "a"]).certificate().validAfter == 0)
  }

  @Test func keyIDsFollowTheFormat() throws {
    let ssh = try MountedSSH.withRole("r", open(["key_id_format": "{{role_name}}/{{token_display_name}}/{{other}}"]))
    let caller = Caller(displayName: "{{role_name}}")
    #expect(
      try ssh.sign("r", ["valid_principals": "a"], caller).certificate().keyID == "r/{{role_name}}/{{other}}")
    #expect(
      try ssh.sign("r", ["valid_principals": "a", "key_id": "x"]).error == "setting key_id is not allowed by role")
    try ssh.role("r", open(["allow_user_key_ids": true]))
    #expect(try ssh.sign("r", ["valid_principals": "a", "key_id": "x"]).certificate().keyID == "x")
    #expect(try ssh.sign("r", ["valid_principals": "a", "key_id": "x\ny"]).status == 400)
  }

  @Test func keysAreHeldToTheirLengths() throws {
    func status(_ lengths: JSONValue, _ fields: JSONObject) throws -> Int {
      let ssh = try MountedSSH.withRole("r", open(["allowed_user_key_lengths": lengths]))
      var fields = fields
      fields["valid_principals"] = "a"
      return fields["key_type"] == nil ? try ssh.sign("r", fields).status : try ssh.write("issue/r", fields).status
    }
    #expect(try status(["rsa": 2048], [:]) == 400)
    #expect(try status(["ed25519": 0], [:]) == 200)
    #expect(try status(["ssh-ed25519": 0], [:]) == 200)
    #expect(try status(["ec": [256, 521]], ["key_type": "ec"]) == 200)
    #expect(try status(["ec": [256, 521]], ["key_type": "ec", "key_bits": 384]) == 400)
    #expect(try status(["ecdsa-sha2-nistp384": 0], ["key_type": "ec", "key_bits": 384]) == 200)
    #expect(try status("{\"ec\":\"384,521\"}", ["key_type": "ec", "key_bits": 384]) == 200)
    #expect(try status(["ed25519": 0], ["key_type": "ec"]) == 400)
  }

  @Test func issuesKeysThatGoWithTheirCertificates() throws {
    let ssh = try MountedSSH.withRole("r", open(["default_user": "mona"]))
    for (type, head) in [("rsa", "RSA"), ("ec", "EC"), ("ed25519", "OPENSSH")] {
      let answer = try ssh.write("issue/r", ["key_type": .string(type)])
      #expect(answer.text("private_key").hasPrefix("-----BEGIN \(head) PRIVATE KEY-----\n"))
      #expect(answer.text("private_key_type") == type)
      let key = try PrivateKeyText.read(answer.text("private_key"))
      #expect(try PublicKey(key).blob == answer.certificate().key.blob)
    }
    for fields in [
      ["key_type": "dsa"], ["key_type": "rsa", "key_bits": 1024], ["key_type": "ec", "key_bits": 2048],
    ] as [JSONObject] {
      #expect(try ssh.write("issue/r", fields).status == 400)
    }
  }

  @Test func mistakesAreTold() throws {
    let ssh = try MountedSSH.withRole("r", open)
    #expect(try ssh.sign("none").error == "Unknown role: none")
    #expect(try ssh.write("sign/r").error == "missing public_key")
    #expect(
      try ssh.sign("r", ["public_key": "ssh-rsa x"]).error.hasPrefix("failed to parse public_key as SSH key: "))
    try ssh.role("o", ["key_type": "otp", "default_user": "a", "cidr_list": "10.0.0.0/8"])
    #expect(try ssh.sign("o").error == "role key type 'otp' not allowed to sign keys")
    try ssh.role("r", open(["algorithm_signer": "rsa-sha2-512"]))
    #expect(try ssh.sign("r", ["valid_principals": "a"]).status == 400)
    #expect(try ssh.call(.delete, "config/ca").status == 204)
    try ssh.role("r", open)
    #expect(try ssh.sign("r", ["valid_principals": "a"]).error == "keys haven't been configured yet")
  }
}
