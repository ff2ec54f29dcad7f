internal import Client
internal import JSONText
internal import Primitives

struct AuthListCommand: Command {
  let words = ["auth", "list"]
  let synopsis = "Show the auth methods that are mounted"
  let shares: SharedFlags = [.client, .format, .detailed]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let secret = try call.attempt("Error listing enabled authentications") { () throws(APIError) in
      try client.secret(APIRequest("GET", "sys/auth"))
    }
    MountTable.show(MountTable.mounts(secret), isAuth: true, output)
  }
}

struct AuthEnableCommand: Command {
  let words = ["auth", "enable"]
  let synopsis = "Mount an auth method"
  let usage = "TYPE"
  let details = """
    Mounts an auth method of the given type below auth/, at the type's name unless -path says otherwise.

        $ coffer auth enable userpass
        $ coffer auth enable -path=ci approle
    """
  let arity = Arity.exactly(1)
  private let mount = MountFlags()
  var flags: [any AnyFlag] { mount.common + mount.auth + mount.making }

  func run(_ call: Invocation) throws(CommandFailure) {
    var type = Invocation.trimmed(call.argument(0))
    if type == "plugin", let name = call.given(mount.pluginName) { type = name }
    let path = call.given(mount.path).map(Invocation.trimmed) ?? type
    let client = try call.client()
    let secret = try call.attempt("Error enabling \(type) auth") { () throws(APIError) in
      try client.post("sys/auth/\(path)", mount.making(call, type: type))
    }
    if let secret { try call.output().warnings(of: secret) }
    call.print("Success! Enabled \(type) auth method at: \(path)/")
  }
}

struct AuthDisableCommand: Command {
  let words = ["auth", "disable"]
  let synopsis = "Unmount an auth method and log out its users"
  let usage = "PATH"
  let details = """
    Revokes all tokens that were got through the method and deletes its users and roles. There is no way back.

        $ coffer auth disable ci/
    """
  let arity = Arity.exactly(1)

  func run(_ call: Invocation) throws(CommandFailure) {
    let path = call.path()
    let client = try call.client()
    _ = try call.attempt("Error disabling auth method at \(path)/") { () throws(APIError) in
      try client.delete("sys/auth/\(path)")
    }
    call.print("Success! Disabled the auth method (if it existed) at: \(path)/")
  }
}

struct AuthMoveCommand: Command {
  let words = ["auth", "move"]
  let synopsis = "Move an auth method to another path"
  let usage = "SOURCE DESTINATION"
  let details = """
    Both paths begin with auth/. Users and roles stay; tokens of the old path are revoked.

        $ coffer auth move auth/ci/ auth/pipelines/
    """
  let arity = Arity.exactly(2)

  func run(_ call: Invocation) throws(CommandFailure) { try MountMove.run(call, what: "auth method") }
}

struct AuthTuneCommand: Command {
  let words = ["auth", "tune"]
  let synopsis = "Change the settings of an auth method's mount"
  let usage = "PATH"
  let details = """
    Only what is given changes.

        $ coffer auth tune -default-lease-ttl=30m ci/
    """
  let arity = Arity.exactly(1)
  private let mount = MountFlags()
  var flags: [any AnyFlag] { mount.common + mount.auth }

  func run(_ call: Invocation) throws(CommandFailure) {
    let path = call.path()
    let client = try call.client()
    _ = try call.attempt("Error tuning auth method \(path)/") { () throws(APIError) in
      try client.post("sys/auth/\(path)/tune", mount.tuning(call))
    }
    call.print("Success! Tuned the auth method at: \(path)/")
  }
}

struct AuthHelpCommand: Command {
  let words = ["auth", "help"]
  let synopsis = "Tell how to log in with an auth method"
  let usage = "TYPE | PATH"
  let details = """
        $ coffer auth help userpass
        $ coffer auth help ci/
    """
  let arity = Arity.exactly(1)

  func run(_ call: Invocation) throws(CommandFailure) {
    let typed = call.path()
    if let method = LoginMethod(name: typed) {
      return call.print(method.help(programName: call.programName))
    }
    // Not a type: the path of one that is mounted.
    let client = try call.client()
    let secret = try call.attempt("Error listing enabled authentications") { () throws(APIError) in
      try client.secret(APIRequest("GET", "sys/auth"))
    }
    guard let type = secret?.data?[typed + "/"]?["type"]?.stringValue else {
      throw .local(
        "Error retrieving auth mount \"\(typed)/\": no auth method is mounted there, and no method has that name")
    }
    guard let method = LoginMethod(name: type) else {
      throw .local(
        "The \"\(type)\" auth method has no login on the command line; see "
          + "\"\(call.programName) path-help auth/\(typed)/\""
      )
    }
    call.print(method.help(programName: call.programName))
  }
}
