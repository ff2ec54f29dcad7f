internal import Client
internal import JSONText
internal import Primitives

private enum TokenFlags {
  static var accessor: Flag<Bool> { Flag("accessor", "The argument is a token's accessor.") }
}

struct TokenLookupCommand: Command {
  let words = ["token", "lookup"]
  let synopsis = "Show what a token is"
  let usage = "[TOKEN | ACCESSOR]"
  let details = """
    Shows the token in use, or the one that is given.

        $ coffer token lookup
        $ coffer token lookup -accessor 9793c9b3…
    """
  let arity = Arity.between(0, 1)
  let shares: SharedFlags = [.client, .format, .field]
  private let accessor = TokenFlags.accessor
  var flags: [any AnyFlag] { [accessor] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let named = call.path()
    if call[accessor] && named.isEmpty { throw .local("Not enough arguments with -accessor (expected 1, got 0)") }
    let client = try call.client()
    let secret = try call.attempt("Error looking up token") { () throws(APIError) in
      if call[accessor] { return try client.post("auth/token/lookup-accessor", ["accessor": .string(named)]) }
      if !named.isEmpty { return try client.post("auth/token/lookup", ["token": .string(named)]) }
      return try client.secret(APIRequest("GET", "auth/token/lookup-self"))
    }
    guard let secret else { throw .remote("Error looking up token: the answer is empty") }
    try output.secret(secret)
  }
}

struct TokenRenewCommand: Command {
  let words = ["token", "renew"]
  let synopsis = "Make a token live longer"
  let usage = "[TOKEN | ACCESSOR]"
  let details = """
    Renews the token in use, or the one that is given.

        $ coffer token renew -increment=30m
    """
  let arity = Arity.between(0, 1)
  let shares: SharedFlags = [.client, .format, .field]
  private let accessor = TokenFlags.accessor
  private let increment = Flag<TimeSpan>("increment", aliases: ["i"], "How long it should live from now on.")
  var flags: [any AnyFlag] { [accessor, increment] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let named = call.path()
    if call[accessor] && named.isEmpty { throw .local("Not enough arguments with -accessor (expected 1, got 0)") }
    let seconds = JSONValue.int(call[increment].seconds)
    let client = try call.client()
    let secret = try call.attempt("Error renewing token") { () throws(APIError) in
      if call[accessor] {
        return try client.post("auth/token/renew-accessor", ["accessor": .string(named), "increment": seconds])
      }
      if !named.isEmpty {
        return try client.put("auth/token/renew", ["increment": seconds, "token": .string(named)])
      }
      return try client.put("auth/token/renew-self", ["increment": seconds])
    }
    guard let secret else { throw .remote("Error renewing token: the answer is empty") }
    try output.secret(secret)
  }
}

struct TokenRevokeCommand: Command {
  let words = ["token", "revoke"]
  let synopsis = "End a token and its children"
  let usage = "[TOKEN | ACCESSOR]"
  let details = """
    Ends a token, its leases, and the tokens that were made with it. -mode=orphan lets the children live;
    -mode=path ends all tokens that were made at a path.

        $ coffer token revoke hvs.CAES…
        $ coffer token revoke -self
    """
  let arity = Arity.atLeast(0)
  private let accessor = TokenFlags.accessor
  private let own = Flag<Bool>("self", "The token in use.")
  private let mode = Flag<String>("mode", "\"orphan\" or \"path\".")
  var flags: [any AnyFlag] { [accessor, own, mode] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let named = call.path()
    let mode = call[mode]
    if !["", "orphan", "path"].contains(mode) {
      throw .local("Invalid mode: \(mode)")
    }
    let count = call.arguments.count
    if call[own] {
      if count > 0 { throw .local("Too many arguments with -self (expected 0, got \(count))") }
      if call[accessor] { throw .local("Cannot use -self with -accessor!") }
      if !mode.isEmpty { throw .local("Cannot use -self with -mode!") }
    } else if count != 1 {
      throw .local("\(count > 1 ? "Too many" : "Not enough") arguments (expected 1 or -self, got \(count))")
    }
    if call[accessor] && !mode.isEmpty { throw .local("Cannot use -accessor with -mode=\(mode)!") }
    let client = try call.client()
    _ = try call.attempt("Error revoking token") { () throws(APIError) in
      if call[own] { return try client.put("auth/token/revoke-self", nil) }
      if call[accessor] { return try client.post("auth/token/revoke-accessor", ["accessor": .string(named)]) }
      switch mode {
      case "orphan": return try client.put("auth/token/revoke-orphan", ["token": .string(named)])
      case "path": return try client.put("sys/leases/revoke-prefix/\(named)", nil)
      default: return try client.put("auth/token/revoke", ["token": .string(named)])
      }
    }
    call.print("Success! Revoked token (if it existed)")
  }
}

struct TokenCapabilitiesCommand: Command {
  let words = ["token", "capabilities"]
  let synopsis = "Tell what a token may do at a path"
  let usage = "[TOKEN | ACCESSOR] PATH"
  let details = """
        $ coffer token capabilities secret/data/app
        $ coffer token capabilities hvs.CAES… secret/data/app
    """
  let arity = Arity.worded(
    1...2, few: "Not enough arguments (expected 1-2, got 0)", many: "Too many arguments (expected 1-2, got %)")
  let shares: SharedFlags = [.client, .format]
  private let accessor = TokenFlags.accessor
  var flags: [any AnyFlag] { [accessor] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    if call[accessor] && call.arguments.count != 2 {
      throw .local("Not enough arguments with -accessor (expected 2, got \(call.arguments.count))")
    }
    let path = call.argument(call.arguments.count - 1)
    let client = try call.client()
    let secret = try call.attempt("Error listing capabilities") { () throws(APIError) in
      let paths = JSONValue.strings([path])
      if call[accessor] {
        return try client.post(
          "sys/capabilities-accessor", ["accessor": .string(call.argument(0)), "paths": paths])
      }
      if call.arguments.count == 2 {
        return try client.post("sys/capabilities", ["paths": paths, "token": .string(call.argument(0))])
      }
      return try client.post("sys/capabilities-self", ["paths": paths])
    }
    let list = secret?.data?["capabilities"] ?? secret?.data?[path]
    let names = (list?.arrayValue ?? []).compactMap(\.stringValue).sorted()
    if output.isTable { output.line(names.joined(separator: ", ")) } else { output.structured(.strings(names)) }
  }
}
