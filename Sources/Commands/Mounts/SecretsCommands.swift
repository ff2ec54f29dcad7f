internal import Client
internal import JSONText
internal import Primitives

struct SecretsListCommand: Command {
  let words = ["secrets", "list"]
  let synopsis = "Show the secrets engines that are mounted"
  let shares: SharedFlags = [.client, .format, .detailed]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let secret = try call.attempt("Error listing secrets engines") { () throws(APIError) in
      try client.secret(APIRequest("GET", "sys/mounts"))
    }
    MountTable.show(MountTable.mounts(secret), isAuth: false, output)
  }
}

struct SecretsEnableCommand: Command {
  let words = ["secrets", "enable"]
  let synopsis = "Mount a secrets engine"
  let usage = "TYPE"
  let details = """
    Mounts an engine of the given type at a path of its own, the type's name unless -path says otherwise.

        $ coffer secrets enable -path=apps -version=2 kv
        $ coffer secrets enable transit
    """
  let arity = Arity.exactly(1)
  private let mount = MountFlags()
  var flags: [any AnyFlag] { mount.common + mount.engine + mount.making }

  func run(_ call: Invocation) throws(CommandFailure) {
    var type = Invocation.trimmed(call.argument(0))
    if type == "plugin", let name = call.given(mount.pluginName) { type = name }
    let path = call.given(mount.path).map(Invocation.trimmed) ?? type
    let client = try call.client()
    let secret = try call.attempt("Error enabling") { () throws(APIError) in
      try client.post("sys/mounts/\(path)", mount.making(call, type: type))
    }
    if let secret { try call.output().warnings(of: secret) }
    call.print("Success! Enabled the \(type) secrets engine at: \(path)/")
  }
}

struct SecretsDisableCommand: Command {
  let words = ["secrets", "disable"]
  let synopsis = "Unmount a secrets engine and delete what it holds"
  let usage = "PATH"
  let details = """
    Revokes the engine's leases and deletes all of its data. There is no way back.

        $ coffer secrets disable apps/
    """
  let arity = Arity.exactly(1)

  func run(_ call: Invocation) throws(CommandFailure) {
    let path = call.path()
    let client = try call.client()
    _ = try call.attempt("Error disabling secrets engine at \(path)/") { () throws(APIError) in
      try client.delete("sys/mounts/\(path)")
    }
    call.print("Success! Disabled the secrets engine (if it existed) at: \(path)/")
  }
}

struct SecretsMoveCommand: Command {
  let words = ["secrets", "move"]
  let synopsis = "Move a secrets engine to another path"
  let usage = "SOURCE DESTINATION"
  let details = """
    Data and settings stay; leases of the old path are revoked, and policies must follow by hand.

        $ coffer secrets move apps/ services/
    """
  let arity = Arity.exactly(2)

  func run(_ call: Invocation) throws(CommandFailure) { try MountMove.run(call, what: "secrets engine") }
}

struct SecretsTuneCommand: Command {
  let words = ["secrets", "tune"]
  let synopsis = "Change the settings of a secrets engine's mount"
  let usage = "PATH"
  let details = """
    Only what is given changes.

        $ coffer secrets tune -max-lease-ttl=24h apps/
    """
  let arity = Arity.exactly(1)
  private let mount = MountFlags()
  var flags: [any AnyFlag] { mount.common + mount.engine }

  func run(_ call: Invocation) throws(CommandFailure) {
    let path = call.path()
    let client = try call.client()
    _ = try call.attempt("Error tuning secrets engine \(path)/") { () throws(APIError) in
      try client.post("sys/mounts/\(path)/tune", mount.tuning(call))
    }
    call.print("Success! Tuned the secrets engine at: \(path)/")
  }
}
