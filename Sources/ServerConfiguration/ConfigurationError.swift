/// Why a configuration is refused, and where. Says nothing of secret values.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Empty where no file is at fault.
  package var file: String
  /// From 1; 0 where it is the file as a whole, or none.
  package var line: Int
  package var message: String

  package init(file: String = "", line: Int = 0, message: String) {
    self.file = file
    self.line = line
    self.message = message
  }

  package var description: String { Self.place(file, line) + message }

  static func place(_ file: String, _ line: Int) -> String {
    file.isEmpty ? "" : line > 0 ? "\(file):\(line): " : "\(file): "
  }
}
