import EngineAPI
import EngineFixture
import JSONText
import Primitives
import Testing

@testable import SSHEngine

@Suite struct RoleTests {
  @Test func showsWhatWasWrittenAndDefaults() throws {
    let ssh = MountedSSH()
    try ssh.role(
      "r",
      [
        "allow_user_certificates": true, "ttl": "30m", "max_ttl": 7200, "allowed_users": "a,b",
        "default_extensions": ["x": "y"], "allowed_user_key_lengths": ["rsa": [2048, 4096], "ec": 256],
      ])
    let data = try ssh.read("roles/r").data?.objectValue ?? [:]
    #expect(
      data
        == [
          "allow_bare_domains": false, "allow_empty_principals": false, "allow_host_certificates": false,
          "allow_subdomains": false, "allow_user_certificates": true, "allow_user_key_ids": false,
          "allowed_critical_options": "", "allowed_domains": "", "allowed_domains_template": false,
          "allowed_extensions": "", "allowed_user_key_lengths": ["ec": [256], "rsa": [2048, 4096]],
          "allowed_users": "a,b", "allowed_users_template": false, "algorithm_signer": "default",
          "default_critical_options": [:], "default_extensions": ["x": "y"], "default_extensions_template": false,
          "default_user": "", "default_user_template": false, "key_id_format": "", "key_type": "ca",
          "max_ttl": 7200, "not_before_duration": 30, "ttl": 1800,
        ])
    // A write replaces all of it.
    try ssh.role("r", ["allow_host_certificates": true])
    #expect(try ssh.read("roles/r")["ttl"] == 0)
    #expect(try ssh.read("roles/r")["allow_user_certificates"] == false)
  }

  @Test func listsAndDeletes() throws {
    let ssh = MountedSSH()
    #expect(try ssh.call(.list, "roles/").status == 404)
    try ssh.role("b", ["allow_user_certificates": true])
    try ssh.role("a@x", ["key_type": "otp", "default_user": "u", "cidr_list": "10.0.0.0/8"])
    let answer = try ssh.call(.list, "roles/")
    #expect(answer["keys"] == ["a@x", "b"])
    #expect(answer["key_info"] == ["a@x": ["key_type": "otp"], "b": ["key_type": "ca"]])
    #expect(try ssh.call(.delete, "roles/b").status == 204)
    #expect(try ssh.call(.delete, "roles/b").status == 204)
    #expect(try ssh.read("roles/b").status == 404)
  }

  @Test func refusesRolesThatMakeNoSense() throws {
    let ssh = MountedSSH()
    for (fields, error) in [
      ([:], "missing key type"), (["key_type": "x"], "invalid key type"),
      (["key_type": "dynamic"], "dynamic key type roles are no longer supported"),
      (
        ["key_type": "ca"],
        "Either 'allow_user_certificates' or 'allow_host_certificates' must be set to 'true'"
      ),
      (
        ["key_type": "ca", "allow_user_certificates": true, "ttl": 3, "max_ttl": 2],
        "\"ttl\" value must be less than \"max_ttl\" when both are specified"
      ),
      (["key_type": "otp", "cidr_list": "10.0.0.0/8"], "missing default user"),
    ] as [(JSONObject, String)] {
      let answer = try ssh.write("roles/r", fields)
      #expect(answer.status == 400)
      #expect(answer.error == error)
    }
    let ca: JSONObject = ["key_type": "ca", "allow_user_certificates": true]
    let otp: JSONObject = ["key_type": "otp", "default_user": "u"]
    for (base, name, value) in [
      (ca, "algorithm_signer", "md5"), (ca, "allowed_user_key_lengths", "rsa"), (ca, "ttl", "-1s"),
      (ca, "allowed_user_key_lengths", ["rsa": -1]), (ca, "default_extensions", ["": ""]),
      (otp, "cidr_list", "10.0.0.0"), (otp, "cidr_list", "x/8"), (otp, "exclude_cidr_list", "10.0.0.0/99"),
      (otp, "port", 0), (otp, "port", 65536),
    ] as [(JSONObject, String, JSONValue)] {
      var fields = base
      fields[name] = value
      #expect(try ssh.write("roles/r", fields).status == 400, "\(name)")
    }
    for flag in ["allowed_users", "default_user", "allowed_domains"] {
      var fields = ca
      fields[flag] = "{{identity.entity.name"
      fields[flag + "_template"] = true
      #expect(try ssh.write("roles/r", fields).status == 400)
    }
    for name in ["-a", "a-", ".", "..", "a b", "é"] {
      #expect(try ssh.write("roles/" + name, ca).status == 404, "\(name)")
    }
  }
}
