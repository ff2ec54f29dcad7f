/// Runs the program with the words after its name.
///
/// - Parameter additional: commands from outside, such as the server's.
/// - Returns: the exit status: 0 when done, 1 for a mistake on this side, 2 for a refusal or absence on the server's,
///   127 for a command that does not exist.
package func runCommand(
  _ arguments: [String], programName: String, environment: CommandEnvironment, additional: [any Command] = []
) -> Int32 {
  let program = CommandProgram(
    tree: CommandTree(additional: additional), programName: programName, environment: environment)
  return program.run(arguments)
}

struct CommandProgram {
  let tree: CommandTree
  let programName: String
  let environment: CommandEnvironment

  func run(_ arguments: [String]) -> Int32 {
    if let line = environment.variables["COMP_LINE"], arguments.first != "completion" {
      for word in Completion.candidates(line: upToCursor(line), tree: tree) {
        environment.writeOutput(Array((word + "\n").utf8))
      }
      return 0
    }
    let (leading, words) = split(arguments)
    var helps = false
    for flag in leading {
      switch flag.drop(while: { $0 == "-" }) {
      case "v", "version":
        environment.writeOutput(Array((VersionCommand.text(environment) + "\n").utf8))
        return 0
      case "h", "help": helps = true
      case "autocomplete-install": return completion(removing: false)
      case "autocomplete-uninstall": return completion(removing: true)
      default: break
      }
    }
    let plain = Array(words.prefix { !$0.hasPrefix("-") })
    guard let command = tree.command(plain) else { return group(plain, words, asked: helps) }
    if helps { return help(of: command) }
    let rest = leading + words.dropFirst(command.words.count)
    do throws(CommandFailure) { return try run(command, rest) } catch {
      if !error.message.isEmpty { environment.writeError(error.message, color: .red) }
      return error.status
    }
  }

  private func run(_ command: any Command, _ words: [String]) throws(CommandFailure) -> Int32 {
    let parser = FlagParser(flags: command.flags + command.shares.flags, allowsTrailing: !command.takesData)
    let parsed = command is any IgnoresFlags ? FlagParser.Result() : try parser.parse(words)
    if parsed.asksForHelp { return help(of: command) }
    if !parsed.ignored.isEmpty && !(command is any PassesFlagsOn) {
      environment.writeError(
        "Command flags must be provided before positional arguments. The following arguments will not be parsed as "
          + "flags: [\(parsed.ignored.joined(separator: ","))]", color: .yellow)
    }
    try command.arity.check(parsed.arguments.count)
    try command.run(
      Invocation(command: command, programName: programName, environment: environment, parsed: parsed))
    return 0
  }

  /// Flags before the first word of the command go to the command.
  private func split(_ arguments: [String]) -> (flags: [String], words: [String]) {
    var flags: [String] = []
    var rest = arguments[...]
    while let word = rest.first, word.hasPrefix("-"), word != "-" {
      rest.removeFirst()
      flags.append(word)
      let name = word.drop { $0 == "-" }
      if word.contains("=") { continue }
      if SharedFlags.all.flags.first(where: { $0.name == name })?.takesValue == true, let value = rest.popFirst() {
        flags.append(value)
      }
    }
    return (flags, Array(rest))
  }

  /// Shells tell how many bytes lie before the cursor.
  private func upToCursor(_ line: String) -> String {
    guard let point = environment.variables["COMP_POINT"].flatMap({ Int($0) }), point >= 0 else { return line }
    return String(decoding: line.utf8.prefix(point), as: UTF8.self)
  }

  private func completion(removing: Bool) -> Int32 {
    do throws(CommandFailure) {
      for path in try Completion.install(environment, name: programName, removing: removing) {
        environment.writeOutput(Array("Changed \(path)\n".utf8))
      }
      return 0
    } catch {
      environment.writeError(error.message, color: .red)
      return error.status
    }
  }

  /// A word that only leads to commands, or to none.
  private func group(_ plain: [String], _ words: [String], asked: Bool) -> Int32 {
    let asked = asked || words.contains { ["-h", "-help", "--help"].contains($0) }
    var known = plain
    while !known.isEmpty && tree.below(known).isEmpty { known.removeLast() }
    let text = HelpText.group(known, tree: tree, programName: programName)
    if asked {
      environment.writeOutput(Array((text + "\n").utf8))
      return 0
    }
    environment.writeError(text)
    return known.isEmpty ? 127 : 1
  }

  private func help(of command: any Command) -> Int32 {
    environment.writeOutput(Array((HelpText.command(command, programName: programName) + "\n").utf8))
    return 0
  }
}
