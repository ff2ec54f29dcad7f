import Cryptography
import EngineAPI
import EngineFixture
import JSONText
import Primitives
import SSHKeys
import Testing

@testable import SSHEngine

@Suite struct AuthorityTests {
  @Test(arguments: [
    ("ssh-rsa", 2048, "ssh-rsa"), ("rsa", 2048, "ssh-rsa"), ("ec", 0, "ecdsa-sha2-nistp256"),
    ("ec", 521, "ecdsa-sha2-nistp521"), ("ecdsa-sha2-nistp384", 0, "ecdsa-sha2-nistp384"),
    ("ssh-ed25519", 0, "ssh-ed25519"), ("ed25519", 0, "ssh-ed25519"),
  ])
  func generates(_ type: String, _ bits: Int64, _ name: String) throws {
    let ssh = MountedSSH()
    let answer = try ssh.write("config/ca", ["key_type": .string(type), "key_bits": .int(bits)])
    let line = answer.text("public_key")
    #expect(line.hasPrefix(name + " ") && line.hasSuffix("\n"))
    #expect(try ssh.read("config/ca").text("public_key") == line)
    #expect(try ssh.read("public_key").raw == line)
    try ssh.role("r", ["allow_user_certificates": true, "allowed_users": "a", "default_user": "a"])
    _ = try ssh.sign("r").certificate()
  }

  @Test func imports() throws {
    let key = try AsymmetricKey.generate(.ecdsa(.p256))
    let line = try PublicKey(key).line + " ca@example"
    let (label, der) = try key.traditional()
    for text in [
      try PrivateKeyText.openSSH(key, comment: "", check: 1), der.withBytes { PEM.encode(label, Array($0)) },
    ] {
      let ssh = MountedSSH()
      let answer = try ssh.write("config/ca", ["private_key": .string(text), "public_key": .string(line)])
      #expect(answer.status == 204, "\(answer.error)")
      #expect(try ssh.read("public_key").raw == line)
    }
  }

  @Test func refusesWhatDoesNotFit() throws {
    let ssh = MountedSSH()
    let key = try AsymmetricKey.generate(.ed25519)
    let text = JSONValue.string(try PrivateKeyText.openSSH(key, comment: "", check: 1))
    let other = JSONValue.string(try PublicKey(AsymmetricKey.generate(.ed25519)).line)
    let own = JSONValue.string(try PublicKey(key).line)
    for fields in [
      ["private_key": text], ["public_key": own], ["private_key": text, "public_key": other],
      ["generate_signing_key": false], ["generate_signing_key": true, "private_key": text, "public_key": own],
      ["private_key": "x", "public_key": own], ["private_key": text, "public_key": "x"],
      ["key_type": "ssh-dss"], ["key_type": "rsa", "key_bits": 1024], ["key_type": "rsa", "key_bits": 1_000_000],
      ["key_type": "ec", "key_bits": 1],
    ] as [JSONObject] {
      #expect(try ssh.write("config/ca", fields).status == 400)
    }
    #expect(try ssh.read("config/ca").error == "keys haven't been configured yet")
    #expect(try ssh.read("public_key").status == 404)
  }

  @Test func isNotOverwritten() throws {
    let ssh = MountedSSH()
    let first = try ssh.write("config/ca", ["key_type": "ec"]).text("public_key")
    #expect(
      try ssh.write("config/ca", ["key_type": "ec"]).error
        == "keys are already configured; delete them before reconfiguring")
    #expect(try ssh.read("config/ca").text("public_key") == first)
    #expect(try ssh.call(.delete, "config/ca").status == 204)
    #expect(try ssh.write("config/ca", ["key_type": "ec"]).text("public_key") != first)
  }

  @Test func aNewAuthorityIsUsedAtOnce() throws {
    let ssh = try MountedSSH.withRole("r", ["allow_user_certificates": true, "allowed_users": "*"])
    _ = try ssh.sign("r", ["valid_principals": "a"])
    _ = try ssh.call(.delete, "config/ca")
    let line = try ssh.write("config/ca", ["key_type": "ec"]).text("public_key")
    let signed = try SignedCertificate(line: ssh.sign("r", ["valid_principals": "a"]).text("signed_key"))
    #expect(signed.authority.line + "\n" == line)
  }
}
