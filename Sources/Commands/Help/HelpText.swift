/// Help as it is printed.
enum HelpText {
  static func command(_ command: any Command, programName: String) -> String {
    let name = ([programName] + command.words).joined(separator: " ")
    var text = "Usage: \(name) [flags]"
    if !command.usage.isEmpty { text += " \(command.usage)" }
    text += "\n\n  \(command.synopsis).\n"
    if !command.details.isEmpty {
      text += "\n"
      for line in command.details.split(separator: "\n", omittingEmptySubsequences: false) {
        text += (line.isEmpty ? "" : "  \(named(line, programName))") + "\n"
      }
    }
    text += section("Flags", command.flags)
    text += section("Output", command.shares.subtracting(.client).flags)
    if command.shares.contains(.client) { text += section("Connection", ClientFlags.all) }
    return text
  }

  /// What can follow the words.
  static func group(_ words: [String], tree: CommandTree, programName: String) -> String {
    let name = ([programName] + words).joined(separator: " ")
    var text = "Usage: \(name) <\(words.isEmpty ? "command" : "subcommand")> [flags] [arguments]\n\n"
    text += (words.isEmpty ? "Commands" : "Subcommands") + ":\n"
    let rows = tree.next(words).sorted { $0.word < $1.word }.map { ["    " + $0.word, $0.synopsis] }
    text += Table.aligned(rows) + "\n\n"
    return text + "\"\(name) \(words.isEmpty ? "<command>" : "<subcommand>") -help\" tells more."
  }

  private static func section(_ title: String, _ flags: [any AnyFlag]) -> String {
    if flags.isEmpty { return "" }
    var text = "\n\(title):\n"
    for flag in flags.sorted(by: { $0.name < $1.name }) {
      let names = ([flag.name] + flag.aliases).map { "-\($0)" }.joined(separator: ", ")
      text += "\n  \(names)\(flag.takesValue ? "=\(flag.placeholder)" : "")\n"
      text += "      \(flag.help)" + (flag.variable.isEmpty ? "" : " Variable: \(flag.variable).") + "\n"
    }
    return text
  }

  /// Examples name the program as it was called.
  private static func named(_ line: Substring, _ programName: String) -> String {
    guard programName != "coffer", let mark = line.firstRange(of: "$ coffer ") else { return String(line) }
    return line[..<mark.lowerBound] + "$ \(programName) " + line[mark.upperBound...]
  }
}
