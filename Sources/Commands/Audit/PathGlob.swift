/// A pattern for paths: `?` stands for a character, `*` for any within a segment, `**` for any at all.
struct PathGlob {
  private enum Step: Equatable {
    case byte(UInt8)
    case any
    case span(crossesSegments: Bool)
  }

  private let steps: [Step]

  init(_ pattern: String) {
    var steps: [Step] = []
    for byte in pattern.utf8 {
      switch byte {
      case UInt8(ascii: "?"): steps.append(.any)
      case UInt8(ascii: "*"):
        if case .span = steps.last {
          steps[steps.count - 1] = .span(crossesSegments: true)
        } else {
          steps.append(.span(crossesSegments: false))
        }
      default: steps.append(.byte(byte))
      }
    }
    self.steps = steps
  }

  /// All states at once, so that no pattern costs more than its length times the path's.
  func matches(_ path: String) -> Bool {
    var states = [Bool](repeating: false, count: steps.count + 1)
    states[0] = true
    skipSpans(&states)
    for byte in path.utf8 {
      var next = [Bool](repeating: false, count: states.count)
      for (index, step) in steps.enumerated() where states[index] {
        switch step {
        case .byte(let wanted): if byte == wanted { next[index + 1] = true }
        case .any: if byte != UInt8(ascii: "/") { next[index + 1] = true }
        case .span(let crosses): if crosses || byte != UInt8(ascii: "/") { next[index] = true }
        }
      }
      states = next
      skipSpans(&states)
    }
    return states.last ?? false
  }

  /// A span may be of nothing.
  private func skipSpans(_ states: inout [Bool]) {
    for (index, step) in steps.enumerated() where states[index] { if case .span = step { states[index + 1] = true } }
  }
}
