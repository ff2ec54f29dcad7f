struct PrintTokenCommand: Command {
  let words = ["print", "token"]
  let synopsis = "Print the token that commands use"
  let details = """
    The value of VAULT_TOKEN, else the token of the last login.
    """
  let shares: SharedFlags = []

  func run(_ call: Invocation) throws(CommandFailure) {
    if let token = call.environment.variables["VAULT_TOKEN"], !token.isEmpty { return call.print(token) }
    call.print(try TokenStore(call.environment).token() ?? "")
  }
}
