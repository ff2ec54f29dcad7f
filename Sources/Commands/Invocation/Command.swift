/// One command of the program. Values, made when they are called.
package protocol Command: Sendable {
  /// The words that call it, such as `kv get`.
  var words: [String] { get }
  /// One line for the list of commands.
  var synopsis: String { get }
  /// What follows the flags, as help shows it.
  var usage: String { get }
  /// The rest of the help, in paragraphs.
  var details: String { get }
  var arity: Arity { get }
  /// Arguments are `key=value` data: a word that begins with a dash may be meant.
  var takesData: Bool { get }
  var shares: SharedFlags { get }
  var flags: [any AnyFlag] { get }
  func run(_ call: Invocation) throws(CommandFailure)
}

extension Command {
  package var usage: String { "" }
  package var details: String { "" }
  package var arity: Arity { .exactly(0) }
  package var takesData: Bool { false }
  package var shares: SharedFlags { [.client] }
  package var flags: [any AnyFlag] { [] }
}

/// How many arguments a command takes.
package enum Arity: Sendable {
  case exactly(Int)
  case between(Int, Int)
  case atLeast(Int)
  /// With texts of its own for too few and too many; `%` in them is the count.
  case worded(ClosedRange<Int>, few: String, many: String)

  func check(_ count: Int) throws(CommandFailure) {
    let (least, most): (Int, Int)
    var expected: String
    switch self {
    case .exactly(let n): (least, most, expected) = (n, n, "\(n)")
    case .between(let a, let b): (least, most, expected) = (a, b, "\(a)-\(b)")
    case .atLeast(let n): (least, most, expected) = (n, .max, "\(n)")
    case .worded(let range, let few, let many):
      if range.contains(count) { return }
      throw .local((count < range.lowerBound ? few : many).split(separator: "%").joined(separator: String(count)))
    }
    if count > most { throw .local("Too many arguments (expected \(expected), got \(count))") }
    if count < least {
      if case .between(let a, _) = self { expected = "at least \(a)" }
      throw .local("Not enough arguments (expected \(expected), got \(count))")
    }
  }
}
