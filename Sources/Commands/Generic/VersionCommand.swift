struct VersionCommand: Command {
  let words = ["version"]
  let synopsis = "Print the version of this program"
  let shares: SharedFlags = []

  func run(_ call: Invocation) throws(CommandFailure) { call.print(Self.text(call.environment)) }

  /// Begins as scripts expect that ask which level of the API they talk to.
  static func text(_ environment: CommandEnvironment) -> String { "Vault v\(environment.version) (Coffer)" }
}
