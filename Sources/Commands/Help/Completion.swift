/// Words that may come next on a command line, for shells that ask the program itself.
enum Completion {
  /// Candidates for the last word of a line that has been typed up to the cursor.
  static func candidates(line: String, tree: CommandTree) -> [String] {
    var words = line.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
    let partial = line.last == " " || words.count < 2 ? "" : words.removeLast()
    let typed = Array(words.dropFirst())
    let plain = typed.filter { !$0.hasPrefix("-") }
    if partial.hasPrefix("-") {
      guard let command = tree.command(plain) else { return ["-help", "-version"].filter { $0.hasPrefix(partial) } }
      let names = (command.flags + command.shares.flags).map { "-\($0.name)" + ($0.takesValue ? "=" : "") }
      let dashes = partial.hasPrefix("--") ? "-" : ""
      return (names + ["-help"]).map { dashes + $0 }.filter { $0.hasPrefix(partial) }.sorted()
    }
    return tree.next(plain).map(\.word).filter { $0.hasPrefix(partial) }.sorted()
  }

  enum Shell: String, CaseIterable {
    case bash, zsh, fish

    /// What makes the shell ask this program.
    func script(name: String, path: String) -> String {
      switch self {
      case .bash: "complete -o nospace -C \(path) \(name)"
      case .zsh: "autoload -U +X bashcompinit && bashcompinit\ncomplete -o nospace -C \(path) \(name)"
      case .fish:
        """
        function __complete_\(name)
            set -lx COMP_LINE (commandline -cp)
            test -z (commandline -ct)
            and set COMP_LINE "$COMP_LINE "
            \(path)
        end
        complete -f -c \(name) -a "(__complete_\(name))"
        """
      }
    }

    /// Where the shell looks, below the home folder.
    func startupFile(name: String) -> String {
      switch self {
      case .bash: ".bashrc"
      case .zsh: ".zshrc"
      case .fish: ".config/fish/completions/\(name).fish"
      }
    }
  }

  /// Adds the lines to, or takes them from, the startup files of the shells that are in use.
  static func install(
    _ environment: CommandEnvironment, name: String, removing: Bool
  ) throws(CommandFailure) -> [String] {
    guard let home = environment.variables["HOME"], !home.isEmpty else { throw .local("HOME is not set") }
    var changed: [String] = []
    for shell in Shell.allCases {
      let path = home + "/" + shell.startupFile(name: name)
      let before: String?
      switch environment.files.read(path) {
      case .success(let bytes): before = String(decoding: bytes, as: UTF8.self)
      case .failure: before = nil
      }
      let uses = before != nil || environment.variables["SHELL"]?.hasSuffix(shell.rawValue) == true
      guard uses || (shell == .fish && folderExists(home + "/.config/fish", environment)) else { continue }
      let script = shell.script(name: name, path: environment.programPath)
      let lines = script.split(separator: "\n")
      let old = before ?? ""
      var kept = old.split(separator: "\n", omittingEmptySubsequences: false)
        .filter { line in !lines.contains { $0 == line && (shell != .zsh || !$0.hasPrefix("autoload")) } }
        .joined(separator: "\n")
      if shell == .fish { kept = "" }
      let new = removing ? kept : (kept.isEmpty || kept.hasSuffix("\n") ? kept : kept + "\n") + script + "\n"
      if new == old { continue }
      if shell == .fish && removing {
        _ = environment.files.remove(path)
      } else if case .failure(let error) = environment.files.write(path, Array(new.utf8), 0o644) {
        throw .local("Error changing \(path): \(error)")
      }
      changed.append(path)
    }
    return changed
  }

  private static func folderExists(_ path: String, _ environment: CommandEnvironment) -> Bool {
    if case .success = environment.files.read(path + "/config.fish") { return true }
    return false
  }
}

struct CompletionCommand: Command {
  let words = ["completion"]
  let synopsis = "Print what makes a shell complete commands"
  let usage = "bash | zsh | fish"
  let details = """
    -autocomplete-install writes the same to the startup files of the shells that are in use.

        $ coffer completion bash >> ~/.bashrc
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = []

  func run(_ call: Invocation) throws(CommandFailure) {
    guard let shell = Completion.Shell(rawValue: call.argument(0)) else {
      throw .local("Unknown shell \"\(call.argument(0))\" (expected bash, zsh or fish)")
    }
    call.print(shell.script(name: call.programName, path: call.environment.programPath))
  }
}
