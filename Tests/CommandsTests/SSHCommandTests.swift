import Client
import Testing

@Suite struct SSHCommandTests {
  private let signed =
    #"{"request_id":"r","data":{"serial_number":"1","signed_key":"ssh-ed25519-cert-v01@openssh.com AAAA\n"}}"#
  private let password = #"{"request_id":"r","lease_id":"l","data":{"key":"p-1","key_type":"otp","port":2222}}"#

  private func world() -> World {
    let world = World()
    world.files["/home/mona/.ssh/id_rsa.pub"] = Array("ssh-rsa AAAA".utf8)
    return world
  }

  @Test func callsSSHWithACertificateAndRemovesIt() throws {
    let world = world().on("PUT /v1/ssh/sign/admin", 200, signed)
    var called: [String] = []
    world.attached["ssh"] = { arguments, _ in
      called = arguments
      let path = arguments.first { $0.hasPrefix("CertificateFile=") }?.dropFirst(16) ?? ""
      #expect(world.files[String(path)].map { String(decoding: $0, as: UTF8.self) }?.hasSuffix("AAAA\n") == true)
      #expect(world.modes[String(path)] == 0o600)
      return 5
    }
    #expect(world.run("ssh", "-mode=ca", "-role", "admin", "mona@web", "-p", "2222", "uptime") == 5)
    #expect(called.prefix(3) == ["-i", "/home/mona/.ssh/id_rsa", "-o"])
    #expect(called.suffix(4) == ["mona@web", "-p", "2222", "uptime"])
    #expect(world.errors.isEmpty)
    #expect(world.files.keys.allSatisfy { $0.hasPrefix("/home/mona") })
    #expect(world.body(0).contains(#""valid_principals":"mona""#) && world.body(0).contains("permit-pty"))
  }

  @Test func asksForTheRolesOwnExtensionsWhereItLetsNobodyChoose() {
    let world = world().on("PUT /v1/ssh/sign/admin", 400, refusal("extensions [permit-pty] are not on allowed list"))
      .on("PUT /v1/ssh/sign/admin", 200, signed)
    world.attached["ssh"] = { _, _ in 0 }
    #expect(world.run("ssh", "-mode=ca", "-role=admin", "-valid-principals=a,b", "mona@web") == 0)
    #expect(world.body(1).contains(#""valid_principals":"a,b""#) && !world.body(1).contains("permit-pty"))
  }

  @Test func otherRefusalsAreTold() {
    let world = world().on("PUT /v1/ssh/sign/admin", 400, refusal("mona is not a valid value for valid_principals"))
    #expect(world.run("ssh", "-mode=ca", "-role=admin", "mona@web") == 2)
    #expect(world.errors.contains("is not a valid value"))
  }

  @Test func trustsHostsThatAnAuthoritySpeaksFor() {
    let world = world().on("PUT /v1/ssh/sign/admin", 200, signed)
      .on("GET /v1/hosts/public_key", 200, "ssh-ed25519 HOSTS ca\n")
    var known = ""
    world.attached["ssh"] = { arguments, _ in
      let path = arguments.first { $0.hasPrefix("UserKnownHostsFile=") }?.dropFirst(19) ?? ""
      known = String(decoding: world.files[String(path)] ?? [], as: UTF8.self)
      #expect(arguments.contains("StrictHostKeyChecking=yes"))
      return 0
    }
    #expect(
      world.run(
        "ssh", "-mode=ca", "-role=admin", "-host-key-mount-point=hosts/", "-host-key-hostnames=*.example.com",
        "-strict-host-key-checking=no", "mona@web") == 0)
    #expect(known == "@cert-authority *.example.com ssh-ed25519 HOSTS ca\n")
    #expect(world.files.keys.allSatisfy { $0.hasPrefix("/home/mona") })
  }

  @Test func givesAPasswordToSSHPass() {
    let world = world().on("PUT /v1/ssh/creds/otp", 200, password)
    world.addresses["web"] = "192.0.2.7"
    world.attached["sshpass"] = { arguments, variables in
      #expect(arguments == ["-e", "ssh", "-p", "2222", "mona@web"])
      #expect(variables["SSHPASS"] == "p-1")
      return 0
    }
    #expect(world.run("ssh", "-mode=otp", "-role=otp", "mona@web") == 0)
    #expect(world.body(0).contains(#""ip":"192.0.2.7""#))
    #expect(!world.output.contains("p-1") && !world.errors.contains("p-1"))
  }

  @Test func showsThePasswordWithoutSSHPass() {
    let world = world().on("PUT /v1/ssh/creds/otp", 200, password)
    world.addresses["web"] = "192.0.2.7"
    world.attached["ssh"] = { arguments, variables in
      #expect(variables["SSHPASS"] == nil)
      return 0
    }
    #expect(world.run("ssh", "-mode=otp", "-role=otp", "mona@web") == 0)
    #expect(world.errors.contains("OTP for the session is: p-1"))
  }

  @Test(arguments: ["-oProxyCommand=x", "mona@-oProxyCommand=x", "-x@web", "mona@", "@web"])
  func aDestinationIsNoOption(_ destination: String) {
    let world = world()
    world.attached["ssh"] = { _, _ in 0 }
    #expect(world.run("ssh", "-mode=ca", "-role=admin", "--", destination) == 1)
    #expect(world.requests.isEmpty)
  }

  private func door(_ answer: String = #"{"ip":"192.0.2.7","username":"mona","role_name":"otp"}"#) -> World {
    let world = World().on("PUT /v1/ssh/verify", 200, #"{"request_id":"r","data":\#(answer)}"#)
    world.variables["PAM_USER"] = "mona"
    world.ownAddresses = ["127.0.0.1", "192.0.2.7"]
    world.input = "p-1\0"
    return world
  }

  @Test func aGoodPasswordOpensTheDoor() {
    let world = door()
    #expect(world.run("ssh", "verify-otp") == 0 && world.output.isEmpty && world.errors.isEmpty)
    #expect(world.body(0) == #"{"otp":"p-1"}"#)
    #expect(world.header("X-Vault-Token") == nil)
    let behind = door()
    behind.ownAddresses = []
    #expect(behind.run("ssh", "verify-otp", "-allowed-cidr-list=10.0.0.0/8,192.0.2.0/24", "-allowed-roles=a,otp") == 0)
    let elsewhere = World().on("PUT /v1/door/verify", 400, refusal("OTP not found"))
    elsewhere.variables["PAM_USER"] = "mona"
    elsewhere.input = "p-1"
    #expect(elsewhere.run("ssh", "verify-otp", "-mount-point=door/") == 2 && elsewhere.errors.contains("OTP not found"))
  }

  @Test func otherPasswordsDoNot() {
    for answer in [
      #"{"ip":"192.0.2.8","username":"mona","role_name":"otp"}"#,
      #"{"ip":"192.0.2.7","username":"root","role_name":"otp"}"#,
      #"{"ip":"192.0.2.7","username":"Mona","role_name":"otp"}"#, #"{"message":"verify-echo-response"}"#, "{}",
      #"{"ip":"","username":"mona","role_name":"otp"}"#,
    ] {
      let world = door(answer)
      #expect(world.run("ssh", "verify-otp") == 2 && !world.errors.isEmpty)
    }
    #expect(door().run("ssh", "verify-otp", "-allowed-roles=admin") == 2)
    #expect(door().run("ssh", "verify-otp", "-allowed-cidr-list=nonsense") == 1)
    let silent = door()
    silent.input = "\0"
    #expect(silent.run("ssh", "verify-otp") == 1 && silent.requests.isEmpty)
    let nobody = door()
    nobody.variables["PAM_USER"] = nil
    #expect(nobody.run("ssh", "verify-otp") == 1 && nobody.requests.isEmpty)
  }
}
