/// The end of a command that did not do what was asked.
package struct CommandFailure: Error, Sendable, Equatable {
  /// 1 for a mistake on this side, 2 for a refusal or an absence on the server's.
  package let status: Int32
  /// For standard error; nothing is printed where it is empty.
  package let message: String

  package init(status: Int32, _ message: String = "") {
    self.status = status
    self.message = message
  }

  /// A mistake in what was typed, or on this machine.
  package static func local(_ message: String) -> CommandFailure { CommandFailure(status: 1, message) }
  /// The server refused, or has nothing.
  package static func remote(_ message: String) -> CommandFailure { CommandFailure(status: 2, message) }
}
