/// A command that people know and that this program does not have, said so that nobody searches for a typing mistake.
struct AbsentCommand: Command {
  let words: [String]
  let synopsis: String
  private let reason: String

  init(_ words: String..., reason: String) {
    self.words = words
    self.reason = reason
    synopsis = "Not available: \(reason)"
  }

  let arity = Arity.atLeast(0)
  let takesData = true
  let shares: SharedFlags = []

  func run(_ call: Invocation) throws(CommandFailure) {
    throw .local("\"\(words.joined(separator: " "))\" is not available: \(reason).")
  }
}

/// What is called with any flags must not fail for those.
protocol IgnoresFlags {}
extension AbsentCommand: IgnoresFlags {}
