/// Why a server could not be made or changed, in words for the operator.
package struct HTTPServerError: Error, Sendable, Equatable, CustomStringConvertible {
  package let message: String
  package var description: String { message }

  init(_ message: String) { self.message = message }
}

/// Where the server's own remarks go; levels are `trace`, `debug`, `info`, `warn` and `error`.
package typealias HTTPServerLog = @Sendable (_ level: String, _ message: String) -> Void
