package import Client
internal import JSONText
internal import Primitives

/// A command as it was called: its arguments, the values of its flags, and the world around it.
package struct Invocation {
  package let programName: String
  package let environment: CommandEnvironment
  package let arguments: [String]
  let command: any Command
  private let texts: [String: [String]]

  init(
    command: any Command, programName: String, environment: CommandEnvironment, parsed: FlagParser.Result
  ) {
    self.command = command
    self.programName = programName
    self.environment = environment
    arguments = parsed.arguments
    texts = parsed.texts
  }

  /// An argument by its place; empty past the last.
  package func argument(_ at: Int) -> String { at < arguments.count ? arguments[at] : "" }

  /// The path at a place, without blanks and slashes around it.
  package func path(_ at: Int = 0) -> String { Self.trimmed(argument(at)) }

  static func trimmed(_ path: String) -> String {
    var text = path[...]
    while let first = text.first, first == "/" || first == " " || first == "\t" || first == "\n" { text.removeFirst() }
    while let last = text.last, last == "/" || last == " " || last == "\t" || last == "\n" { text.removeLast() }
    return String(text)
  }

  // MARK: Flags

  /// The flag's value: as given, else from its variable, else the default.
  package subscript<Value>(flag: Flag<Value>) -> Value {
    if let given = texts[flag.name], let value = Value(flagTexts: given) { return value }
    if !flag.variable.isEmpty, let text = environment.variables[flag.variable], !text.isEmpty,
      let value = Value(flagTexts: [text])
    {
      return value
    }
    return flag.fallback
  }

  /// Whether the flag itself was given.
  package func isSet<Value>(_ flag: Flag<Value>) -> Bool { texts[flag.name] != nil }

  /// The value where the flag was given.
  package func given<Value>(_ flag: Flag<Value>) -> Value? { isSet(flag) ? self[flag] : nil }

  // MARK: Talking to the server

  /// A client as flags, variables and the stored token say.
  package func client(withToken: Bool = true) throws(CommandFailure) -> APIClient {
    var configuration = try self.configuration()
    if !withToken {
      configuration.token = ""
    } else if configuration.token.isEmpty {
      configuration.token = try TokenStore(environment).token() ?? ""
    }
    let environment = environment
    var client = APIClient(
      configuration, transport: environment.connect(configuration), random: environment.random,
      sleep: environment.sleep)
    if self[ClientFlags.outputCurl] {
      client.showsInstead = .curl(program: programName)
    } else if self[ClientFlags.outputPolicy] {
      client.showsInstead = .policy
    }
    return client
  }

  package func configuration() throws(CommandFailure) -> ClientConfiguration {
    var variables = environment.variables
    func overlay(_ flag: Flag<String>) { if let text = given(flag) { variables[flag.variable] = text } }
    func overlay(_ flag: Flag<Bool>) { if let value = given(flag) { variables[flag.variable] = String(value) } }
    if isSet(ClientFlags.address) { variables["VAULT_AGENT_ADDR"] = nil }
    overlay(ClientFlags.address)
    overlay(ClientFlags.agentAddress)
    overlay(ClientFlags.authorityFile)
    overlay(ClientFlags.authorityFolder)
    overlay(ClientFlags.certificateFile)
    overlay(ClientFlags.keyFile)
    overlay(ClientFlags.serverName)
    overlay(ClientFlags.skipVerify)
    overlay(ClientFlags.disableRedirects)
    overlay(ClientFlags.namespace)
    var configuration: ClientConfiguration
    do throws(ConfigurationError) { configuration = try ClientConfiguration(variables: variables) } catch {
      throw .remote("Error initializing client: \(error)")
    }
    let namespace = Self.trimmed(configuration.namespace)
    configuration.namespace = namespace.isEmpty || namespace == "root" ? "" : namespace + "/"
    let wrapTTL = self[ClientFlags.wrapTTL]
    configuration.wrapTTL = wrapTTL > .zero ? wrapTTL : nil
    configuration.multiFactor = self[ClientFlags.multiFactor]
    configuration.overridesPolicy = self[ClientFlags.policyOverride]
    for (name, value) in self[ClientFlags.header].entries {
      if name.lowercased().hasPrefix("x-vault-") {
        throw .local("Setting headers starting with 'X-Vault-' is not allowed")
      }
      configuration.headers.append((name, value))
    }
    return configuration
  }

  /// Runs calls of the API; what goes wrong becomes `what: reason` and exit status 2. A request that is only shown
  /// ends the command well.
  func attempt<R>(_ what: String = "", _ body: () throws(APIError) -> R) throws(CommandFailure) -> R {
    do throws(APIError) { return try body() } catch {
      if case .shown(let text) = error {
        print(text)
        throw CommandFailure(status: 0)
      }
      throw .remote(what.isEmpty ? "\(error)" : "\(what): \(error)")
    }
  }

  // MARK: Printing

  package func print(_ line: String) { environment.writeOutput(Array((line + "\n").utf8)) }

  package func warn(_ line: String) { environment.writeError(line, color: .yellow) }

  /// Results in the form that was asked for.
  package func output() throws(CommandFailure) -> Output {
    let name = self[OutputFlags.format]
    guard let format = OutputFormat(name: name) else { throw .local("Invalid output format: \(name)") }
    if format == .raw && !(command is any ReadsRaw) {
      throw .local("This command does not support the -format=raw option.")
    }
    return Output(
      format: format, field: self[OutputFlags.field], isDetailed: self[OutputFlags.detailed], environment: environment)
  }
}

/// Marks the commands that can print an answer's body as it came.
protocol ReadsRaw {}
