/// Why one of two rules that match counts before the other: the comparison that the decision makes, in words.
struct RuleOrder: Comparable {
  /// The order of attempts: a path is looked up as it is, then for lists without its slash, then among the patterns.
  enum Attempt: Int {
    case exact, exactWithoutSlash, patternWithoutSlash, pattern
  }

  let attempt: Attempt
  let precedence: Precedence?

  /// Nil where the rule does not match.
  init?(_ pattern: PathPattern, path: [UInt8], isList: Bool) {
    let bare = isList && path.last == UInt8(ascii: "/") ? path.dropLast() : nil
    precedence = pattern.precedence
    if precedence == nil {
      if pattern.matches(path[...]) {
        attempt = .exact
      } else if let bare, pattern.matches(bare) {
        attempt = .exactWithoutSlash
      } else {
        return nil
      }
    } else if let bare, pattern.matches(bare) {
      attempt = .patternWithoutSlash
    } else if pattern.matches(path[...]) {
      attempt = .pattern
    } else {
      return nil
    }
  }

  /// The rule that counts first is the smaller one.
  static func < (a: RuleOrder, b: RuleOrder) -> Bool {
    if a.attempt != b.attempt { return a.attempt.rawValue < b.attempt.rawValue }
    guard let first = a.precedence, let second = b.precedence else { return false }
    return first > second
  }

  /// Why `self`, which counts first, does so; begins where "it" is the winner.
  func advantage(over other: RuleOrder) -> String {
    guard attempt == other.attempt, let mine = precedence, let theirs = other.precedence else {
      switch attempt {
      case .exact: return "an exact path counts before any other"
      case .exactWithoutSlash: return "an exact path counts before any pattern, for a list without its slash too"
      default: return "for a list, patterns are tried on the path without its slash first"
      }
    }
    if mine.firstWildcard != theirs.firstWildcard {
      return "its first wildcard stands later: behind \(mine.firstWildcard) characters, not \(theirs.firstWildcard)"
    }
    if mine.isOpen != theirs.isOpen { return "it does not end in \"*\"" }
    if mine.anySegments != theirs.anySegments {
      return "it has fewer \"+\" segments: \(mine.anySegments), not \(theirs.anySegments)"
    }
    if mine.text.count != theirs.text.count {
      return "it is longer: \(mine.text.count) characters, not \(theirs.text.count)"
    }
    return "its text sorts behind the other's"
  }
}
