import EngineAPI
import EngineFixture
import JSONText
import Primitives
import SSHKeys
import Testing

@testable import SSHEngine

extension Answer {
  /// The certificate, whose signature must be good.
  func certificate() throws -> Certificate {
    #expect(status == 200, "\(error)")
    let signed = try SignedCertificate(line: text("signed_key"))
    #expect(try signed.isGenuine())
    return signed.certificate
  }
}

/// Who asks.
struct Caller: Sendable {
  var displayName = "token-mona"
  var entityID = ""
  var identity: [String: String] = [:]

  static let root = Caller()
  static func entity(_ identity: [String: String]) -> Caller { Caller(entityID: "e1", identity: identity) }
}

typealias MountedSSH = MountedFixture<SSHMount>

extension MountedSSH {
  convenience init() {
    self.init("ssh/", defaultTTL: .hours(1), maxTTL: .hours(10)) { SSHMount(context: $0) }
  }

  /// With an authority, and a role that lets anybody be signed for by users.
  static func withRole(_ name: String, _ fields: JSONObject) throws -> MountedSSH {
    let ssh = MountedSSH()
    #expect(try ssh.write("config/ca", ["key_type": "ssh-ed25519"]).status == 200)
    try ssh.role(name, fields)
    return ssh
  }

  func role(_ name: String, _ fields: JSONObject) throws {
    var fields = fields
    if fields["key_type"] == nil { fields["key_type"] = "ca" }
    let answer = try write("roles/" + name, fields)
    #expect(answer.status == 204, "\(answer.error)")
  }

  @discardableResult
  func write(_ path: String, _ fields: JSONObject = [:], _ caller: Caller = .root) throws -> Answer {
    let principal = Principal(
      displayName: caller.displayName, accessor: "a", policies: ["p"], entityID: caller.entityID, type: .service,
      metadata: [:], cubbyholeID: "c", clientID: "i", isRoot: false, expires: nil)
    return try call(.update, path, fields, principal: principal) { caller.identity[$0] }
  }
  func read(_ path: String) throws -> Answer { try call(.read, path) }

  func sign(_ role: String, _ fields: JSONObject = [:], _ caller: Caller = .root) throws -> Answer {
    var fields = fields
    if fields["public_key"] == nil { fields["public_key"] = .string(Self.publicKey) }
    return try write("sign/" + role, fields, caller)
  }

  static var publicKey: String {
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKxaIjhnS5fC7wf+PVmtZytYLUV4/7Nom8h/EAU2XBUW mona@laptop"
  }
}
