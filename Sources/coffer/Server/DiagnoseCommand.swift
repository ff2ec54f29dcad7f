internal import Commands
internal import ServerConfiguration

/// `coffer operator diagnose`: the checks of `coffer server -test` under the name by which operators know them.
struct DiagnoseCommand: Command {
  let words = ["operator", "diagnose"]
  let synopsis = "Check a configuration and what it points to"
  let usage = "-config=FILE"
  let details = """
    Checks a configuration and what can be found out about it on this machine without serving: the seal, the storage's
    folder, the listeners' addresses and certificates, and the limits of the process. Nothing is changed.

        $ coffer operator diagnose -config=/etc/coffer/coffer.hcl
    """
  let shares: SharedFlags = []
  let flags: [any AnyFlag] = [ServerCommand.config]

  func run(_ call: Invocation) throws(CommandFailure) {
    let paths = call[ServerCommand.config]
    guard !paths.isEmpty else { throw .local("Must specify at least one config path using -config") }
    let environment = call.environment.variables
    do {
      try Diagnosis(reader: ConfigurationReader(environment: environment), paths: paths, environment: environment).run {
        call.print($0)
      }
    } catch let failure as CommandFailure { throw failure } catch { throw .local("\(error)") }
  }
}
