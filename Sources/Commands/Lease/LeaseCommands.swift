internal import Client
internal import JSONText
internal import Primitives

struct LeaseLookupCommand: Command {
  let words = ["lease", "lookup"]
  let synopsis = "Show a lease"
  let usage = "ID"
  let arity = Arity.worded(1...1, few: "Missing ID!", many: "Too many arguments (expected 1, got %)")
  let shares: SharedFlags = [.client, .format, .field]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let id = call.path()
    let client = try call.client()
    let secret = try call.attempt("error looking up lease id \(id)") { () throws(APIError) in
      try client.put("sys/leases/lookup", ["lease_id": .string(id)])
    }
    guard let secret else { throw .remote("error looking up lease id \(id): the answer is empty") }
    try output.secret(secret)
  }
}

struct LeaseRenewCommand: Command {
  let words = ["lease", "renew"]
  let synopsis = "Make a lease last longer"
  let usage = "ID"
  let details = """
        $ coffer lease renew -increment=1h database/creds/readonly/2f6a614c…
    """
  let arity = Arity.worded(1...1, few: "Missing ID!", many: "Too many arguments (expected 1-2, got %)")
  let shares: SharedFlags = [.client, .format, .field]
  private let increment = Flag<TimeSpan>("increment", aliases: ["i"], "How long it should last from now on.")
  var flags: [any AnyFlag] { [increment] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let id = call.path()
    let client = try call.client()
    let secret = try call.attempt("Error renewing \(id)") { () throws(APIError) in
      try client.put("sys/leases/renew", ["increment": .int(call[increment].seconds), "lease_id": .string(id)])
    }
    guard let secret else { throw .remote("Error renewing \(id): the answer is empty") }
    try output.secret(secret)
  }
}

struct LeaseRevokeCommand: Command {
  let words = ["lease", "revoke"]
  let synopsis = "End a lease, or all below a prefix"
  let usage = "ID | PREFIX"
  let details = """
    Ends what was leased, such as a database account. -prefix ends all leases whose id begins with the argument;
    with -force as well, they are forgotten even where what was leased cannot be ended.

        $ coffer lease revoke database/creds/readonly/2f6a614c…
        $ coffer lease revoke -prefix database/creds/readonly
    """
  let arity = Arity.exactly(1)
  private let force = Flag<Bool>("force", aliases: ["f"], "Forget leases that cannot be revoked. With -prefix.")
  private let prefix = Flag<Bool>("prefix", "The argument is the beginning of many ids.")
  private let sync = Flag<Bool>("sync", "Wait until it is done.")
  var flags: [any AnyFlag] { [force, prefix, sync] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let id = call.path()
    if call[force] && !call[prefix] { throw .local("Specifying -force requires also specifying -prefix") }
    let client = try call.client()
    let queued = "All revocation operations queued successfully!"
    if call[force] {
      call.warn("Warning! Leases are forgotten even where what they stand for cannot be revoked.")
      call.warn("It must then be removed by hand.")
      _ = try call.attempt("Error force revoking leases with prefix \(id)") { () throws(APIError) in
        try client.put("sys/leases/revoke-force/\(id)", nil)
      }
      return call.print("Success! Force revoked any leases with prefix: \(id)")
    }
    if call[prefix] {
      _ = try call.attempt("Error revoking leases with prefix \(id)") { () throws(APIError) in
        try client.put("sys/leases/revoke-prefix/\(id)", ["sync": .bool(call[sync])])
      }
      return call.print(call[sync] ? "Success! Revoked any leases with prefix: \(id)" : queued)
    }
    _ = try call.attempt("Error revoking lease \(id)") { () throws(APIError) in
      try client.put("sys/leases/revoke", ["lease_id": .string(id), "sync": .bool(call[sync])])
    }
    call.print(call[sync] ? "Success! Revoked lease: \(id)" : queued)
  }
}
