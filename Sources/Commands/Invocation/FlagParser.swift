/// Takes the words after a command apart: flags with one dash or two, `-name value` and `-name=value`, and the rest.
struct FlagParser {
  private let flags: [String: any AnyFlag]
  /// Whether words after the first argument may still be flags. Not where arguments are data that may begin so.
  private let allowsTrailing: Bool

  init(flags: [any AnyFlag], allowsTrailing: Bool) {
    var byName: [String: any AnyFlag] = [:]
    for flag in flags {
      byName[flag.name] = flag
      for alias in flag.aliases { byName[alias] = flag }
    }
    self.flags = byName
    self.allowsTrailing = allowsTrailing
  }

  struct Result {
    var texts: [String: [String]] = [:]
    var arguments: [String] = []
    /// Words after the first argument that look like flags but are none.
    var ignored: [String] = []
    var asksForHelp = false
  }

  func parse(_ words: [String]) throws(CommandFailure) -> Result {
    var result = Result()
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        result.arguments += rest
        break
      }
      guard word.hasPrefix("-"), word.utf8.count > 1 else {
        result.arguments.append(word)
        if !allowsTrailing {
          for later in rest.prefix(while: { $0 != "--" }) where later.hasPrefix("-") && later.utf8.count > 1 {
            result.ignored.append(later)
          }
          result.arguments += rest
          break
        }
        continue
      }
      let body = word.hasPrefix("--") ? word.dropFirst(2) : word.dropFirst()
      let equals = body.firstIndex(of: "=")
      let name = String(body[..<(equals ?? body.endIndex)])
      if name.isEmpty || name.hasPrefix("-") { throw .local("bad flag syntax: \(word)") }
      guard let flag = flags[name] else {
        if name == "h" || name == "help" {
          result.asksForHelp = true
          continue
        }
        throw .local("flag provided but not defined: -\(name)")
      }
      let text: String
      if let equals {
        text = String(body[body.index(after: equals)...])
      } else if !flag.takesValue {
        text = "true"
      } else if let next = rest.popFirst() {
        text = next
      } else {
        throw .local("flag needs an argument: -\(name)")
      }
      let texts = result.texts[flag.name, default: []] + [text]
      guard flag.accepts(texts) else {
        let kind = flag.takesValue ? "value" : "boolean value"
        throw .local("invalid \(kind) \"\(text)\" for \(flag.takesValue ? "flag " : "")-\(name): \(flag.fault(text))")
      }
      result.texts[flag.name] = texts
    }
    return result
  }
}
