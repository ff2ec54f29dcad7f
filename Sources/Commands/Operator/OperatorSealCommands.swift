internal import Client
internal import JSONText

struct OperatorUnsealCommand: Command {
  let words = ["operator", "unseal"]
  let synopsis = "Give a share of the unseal key"
  let usage = "[KEY]"
  let details = """
    Each call gives one share; when enough are there, the server opens its storage. A share that is not given is asked
    for, which keeps it out of the shell's history.

        $ coffer operator unseal
    """
  let arity = Arity.between(0, 1)
  let shares: SharedFlags = [.client, .format]
  private let reset = Flag<Bool>("reset", "Forget the shares that were given.")
  private let migrate = Flag<Bool>("migrate", "The share is for moving to another seal.")
  var flags: [any AnyFlag] { [reset, migrate] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    var body: JSONObject = ["reset": true]
    if !call[reset] {
      var key = Invocation.trimmedBlanks(call.argument(0))
      if key.isEmpty {
        guard let typed = try LoginPrompt.ask(call, "Unseal Key (will be hidden)") else {
          throw .local("An unseal key must be given as an argument or on the terminal")
        }
        key = typed
      }
      body = ["key": .string(key), "migrate": .bool(call[migrate]), "reset": false]
    }
    let status = try call.attempt("Error unsealing") { () throws(APIError) in
      try client.state(APIRequest("PUT", "sys/unseal", body: body))
    }
    SealStatusTable.show(status, leader: SealStatusTable.leader(client, status: status), output)
  }
}

struct OperatorSealCommand: Command {
  let words = ["operator", "seal"]
  let synopsis = "Seal a server"
  let details = """
    The server forgets its keys and refuses everything until it is unsealed.
    """

  func run(_ call: Invocation) throws(CommandFailure) {
    let client = try call.client()
    _ = try call.attempt("Error sealing") { () throws(APIError) in try client.raw(APIRequest("PUT", "sys/seal")) }
    call.print("Success! Vault is sealed.")
  }
}

struct OperatorStepDownCommand: Command {
  let words = ["operator", "step-down"]
  let synopsis = "Make the active node give way to another"

  func run(_ call: Invocation) throws(CommandFailure) {
    let client = try call.client()
    _ = try call.attempt("Error stepping down") { () throws(APIError) in
      try client.raw(APIRequest("PUT", "sys/step-down"))
    }
    call.print("Success! Stepped down: \(client.configuration.address.origin)")
  }
}

extension Invocation {
  static func trimmedBlanks(_ text: String) -> String {
    String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
