/// Why a text is refused, and where. Names of keys may occur in the message; values do not.
package struct HCLError: Error, Sendable, Equatable, CustomStringConvertible {
  package let message: String
  /// From 1; 0 where the place is not known.
  package let line: Int
  /// From 1, in characters; 0 where the place is not known.
  package let column: Int

  package init(message: String, line: Int = 0, column: Int = 0) {
    self.message = message
    self.line = line
    self.column = column
  }

  package var description: String { line > 0 ? "At \(line):\(column): \(message)" : message }
}

/// Bounds on a text; a breach is an error.
package struct HCLLimits: Sendable, Equatable {
  package var bytes: Int
  package var depth: Int
  /// Attributes, blocks and list elements together.
  package var items: Int

  package init(bytes: Int, depth: Int, items: Int) {
    self.bytes = bytes
    self.depth = depth
    self.items = items
  }

  package static let standard = HCLLimits(bytes: 4 << 20, depth: 64, items: 200_000)
}
