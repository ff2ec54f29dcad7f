import EngineAPI
import EngineFixture
import JSONText
import Primitives
import StorageAPI
import Testing

@testable import SSHEngine

@Suite struct PasswordTests {
  private func mounted(_ more: JSONObject = [:]) throws -> MountedSSH {
    let ssh = MountedSSH()
    var fields: JSONObject = [
      "key_type": "otp", "default_user": "ubuntu", "cidr_list": "10.0.0.0/8, 2001:db8::/32",
      "exclude_cidr_list": "10.9.0.0/16", "port": 2222,
    ]
    for member in more.members { fields[member.name] = member.value }
    try ssh.role("r", fields)
    return ssh
  }

  @Test func worksOnce() throws {
    let ssh = try mounted()
    let answer = try ssh.write("creds/r", ["ip": "10.1.2.3"])
    #expect(answer["key_type"] == "otp")
    #expect(answer["username"] == "ubuntu")
    #expect(answer["port"] == 2222)
    #expect(answer["ip"] == "10.1.2.3")
    #expect(answer.lease?.renewable == false)
    let password = answer.text("key")
    let used = try ssh.write("verify", ["otp": .string(password)])
    #expect(used.data == ["ip": "10.1.2.3", "role_name": "r", "username": "ubuntu"])
    #expect(try ssh.write("verify", ["otp": .string(password)]).error == "OTP not found")
  }

  @Test func isUsedByOneOfManyAtOnce() throws {
    let ssh = try mounted()
    let password = JSONValue.string(try ssh.write("creds/r", ["ip": "10.1.2.3"]).text("key"))
    let successes = Locked(0)
    let threads = (0..<8).compactMap { _ in
      BackgroundThread {
        if (try? ssh.write("verify", ["otp": password]).status) == 200 { successes.withLock { $0 += 1 } }
      }
    }
    for thread in threads { thread.join() }
    #expect(successes.withLock { $0 } == 1)
  }

  @Test func endsWithItsLease() throws {
    let ssh = try mounted()
    let given = try ssh.write("creds/r", ["ip": "10.1.2.3"])
    try ssh.engine.revoke(#require(given.lease))
    #expect(try ssh.write("verify", ["otp": .string(given.text("key"))]).status == 400)
    // Nor is it good while its removal is late.
    let late = try ssh.write("creds/r", ["ip": "10.1.2.3"])
    ssh.step(.hours(1))
    #expect(try ssh.write("verify", ["otp": .string(late.text("key"))]).status == 400)
  }

  @Test func isNotStoredAsItIs() throws {
    let ssh = try mounted()
    let password = try ssh.write("creds/r", ["ip": "10.1.2.3"]).text("key")
    let names = try ssh.store.list("mount/otp/", after: nil, limit: .max)
    #expect(names.count == 1)
    let bytes = try ssh.store.get("mount/otp/" + (names.first ?? ""))?.bytes ?? []
    #expect(!String(decoding: bytes, as: UTF8.self).contains(password) && names.first?.contains(password) == false)
  }

  @Test func addressesAreThoseOfTheRole() throws {
    let ssh = try mounted()
    for (address, status) in [
      ("10.0.0.1", 200), ("2001:db8::7", 200), ("10.9.1.1", 400), ("11.0.0.1", 400), ("::1", 400),
      ("10.0.0.0/8", 400), ("host", 400), ("", 400),
    ] {
      #expect(try ssh.write("creds/r", ["ip": .string(address)]).status == status, "\(address)")
    }
    #expect(try ssh.write("creds/r").error == "Missing ip")
    #expect(try ssh.write("creds/x", ["ip": "10.0.0.1"]).error == "Role \"x\" not found")
    try ssh.role("c", ["allow_user_certificates": true])
    #expect(try ssh.write("creds/c", ["ip": "10.0.0.1"]).status == 400)
  }

  @Test func usersAreThoseOfTheRole() throws {
    let ssh = try mounted(["allowed_users": "mona, deploy"])
    func status(_ name: String, _ caller: Caller = .root) throws -> Int {
      try ssh.write("creds/r", ["ip": "10.0.0.1", "username": .string(name)], caller).status
    }
    for (name, expected) in [("mona", 200), ("ubuntu", 200), ("", 200), ("root", 400), ("*", 400)] {
      #expect(try status(name) == expected, "\(name)")
    }
    try ssh.role(
      "r",
      [
        "key_type": "otp", "default_user": "u", "cidr_list": "10.0.0.0/8", "allowed_users": "{{identity.entity.name}}",
        "allowed_users_template": true,
      ])
    let mona = Caller.entity(["identity.entity.name": "mona"])
    #expect(try status("mona", mona) == 200)
    #expect(try status("root", mona) == 400)
    #expect(try status("root", .entity(["identity.entity.name": "*"])) == 400)
    #expect(try status("mona") == 400)
    // Without a list it is the default user alone, so that nobody asks for root where none is named.
    try ssh.role("r", ["key_type": "otp", "default_user": "u", "cidr_list": "10.0.0.0/8"])
    #expect(try status("root") == 400)
    #expect(try status("u") == 200)
    #expect(try status("a b") == 400)
  }

  @Test func zeroAddressRoles() throws {
    let ssh = try mounted(["cidr_list": ""])
    #expect(try ssh.write("creds/r", ["ip": "10.0.0.1"]).error == "Error validating IP: IP does not belong to role")
    #expect(try ssh.read("config/zeroaddress").status == 404)
    #expect(try ssh.write("config/zeroaddress").error == "Missing roles")
    #expect(try ssh.write("config/zeroaddress", ["roles": "none"]).status == 400)
    #expect(try ssh.write("config/zeroaddress", ["roles": "a/b"]).status == 400)
    try ssh.role("c", ["allow_user_certificates": true])
    #expect(try ssh.write("config/zeroaddress", ["roles": ["c"]]).status == 400)
    #expect(try ssh.write("config/zeroaddress", ["roles": "r"]).status == 204)
    #expect(try ssh.read("config/zeroaddress").data == ["roles": ["r"]])
    #expect(try ssh.write("creds/r", ["ip": "10.9.0.1"]).status == 200)
    // The right goes with the role.
    _ = try ssh.call(.delete, "roles/r")
    #expect(try ssh.read("config/zeroaddress")["roles"] == [])
    #expect(try ssh.call(.delete, "config/zeroaddress").status == 204)
    #expect(try ssh.read("config/zeroaddress").status == 404)
  }

  @Test func looksUpRolesByAddress() throws {
    let ssh = try mounted()
    try ssh.role("other", ["key_type": "otp", "default_user": "u", "cidr_list": "192.0.2.0/24"])
    try ssh.role("ca", ["allow_user_certificates": true])
    #expect(try ssh.write("lookup", ["ip": "10.0.0.1"])["roles"] == ["r"])
    #expect(try ssh.write("lookup", ["ip": "8.8.8.8"])["roles"] == .null)
    try ssh.write("config/zeroaddress", ["roles": "other"])
    #expect(try ssh.write("lookup", ["ip": "10.0.0.1"])["roles"] == ["other", "r"])
    #expect(try ssh.write("lookup", ["ip": "x"]).status == 400)
  }

  @Test func answersAnEcho() throws {
    #expect(
      try mounted().write("verify", ["otp": "verify-echo-request"]).data == ["message": "verify-echo-response"])
  }
}
