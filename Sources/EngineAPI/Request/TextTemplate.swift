/// A text with holes such as `ssh-{{identity.entity.name}}`.
///
/// What a hole stands for is put in as it is, once: a value that looks like a hole is not filled again.
package struct TextTemplate: Sendable, Equatable {
  package enum Piece: Sendable, Equatable {
    case text(String)
    /// What stands between the braces, without blanks around it.
    case hole(String)
  }

  package let pieces: [Piece]

  /// Nil where braces do not pair.
  package init?(_ template: String) {
    var pieces: [Piece] = []
    var rest = template[...]
    while let open = rest.firstRange(of: "{{") {
      let inner = rest[open.upperBound...]
      guard let close = inner.firstRange(of: "}}") else { return nil }
      let name = inner[..<close.lowerBound]
      guard !name.contains("{{"), !rest[..<open.lowerBound].contains("}}") else { return nil }
      if open.lowerBound > rest.startIndex { pieces.append(.text(String(rest[..<open.lowerBound]))) }
      pieces.append(.hole(Self.trimmed(name)))
      rest = inner[close.upperBound...]
    }
    if rest.contains("}}") { return nil }
    if !rest.isEmpty { pieces.append(.text(String(rest))) }
    self.pieces = pieces
  }

  package var hasHoles: Bool { pieces.contains { if case .hole = $0 { true } else { false } } }

  /// The text with its holes filled; nil where `value` has nothing for one.
  package func filled(_ value: (_ hole: String) throws -> String?) rethrows -> String? {
    var text = ""
    for piece in pieces {
      switch piece {
      case .text(let literal): text += literal
      case .hole(let name):
        guard let filling = try value(name) else { return nil }
        text += filling
      }
    }
    return text
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}
