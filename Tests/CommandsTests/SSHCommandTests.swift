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
}
