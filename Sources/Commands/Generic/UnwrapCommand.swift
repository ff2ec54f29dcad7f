internal import Client
internal import JSONText

struct UnwrapCommand: Command {
  let words = ["unwrap"]
  let synopsis = "Get what a wrapping token stands for"
  let usage = "[TOKEN]"
  let details = """
    Brings what a wrapping token stands for. That works once; when it fails although the token is fresh, somebody else
    has looked. Without an argument, the token of the session is the wrapping token.

        $ coffer unwrap hvs.CAES…
    """
  let arity = Arity.between(0, 1)
  let shares: SharedFlags = [.client, .format, .field]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let token = call.path()
    var body: JSONObject?
    if !token.isEmpty && token != client.configuration.token { body = ["token": .string(token)] }
    let secret = try call.attempt("Error unwrapping") { () throws(APIError) in
      try client.put("sys/wrapping/unwrap", body)
    }
    guard let secret else {
      if output.field.isEmpty && output.isTable {
        output.line("Successfully unwrapped. There was no data in the wrapped secret.")
      }
      return
    }
    try output.secret(secret)
  }
}
