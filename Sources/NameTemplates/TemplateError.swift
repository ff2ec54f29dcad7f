/// Why a template cannot be used, in words for whoever wrote it. Never holds a value that was put into one.
package struct TemplateError: Error, Sendable, Equatable {
  package let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// Bounds within which a template stays, whatever is written in it: there are no loops, so that work is at most the template's
/// length times the longest value.
enum TemplateLimits {
  /// Of the template, in bytes.
  static let source = 8192
  /// Of what comes out, and of each value on the way there, in bytes.
  static let value = 4096
  /// Parentheses and conditions inside each other.
  static let depth = 32
}
