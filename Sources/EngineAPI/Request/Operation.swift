/// What a request wants done. A write is `update` until the route's existence check tells a `create` from it.
package enum Operation: String, Sendable, Hashable, CaseIterable {
  case read, list, create, update, patch, delete
  /// HEAD, which only few routes answer.
  case header
  /// OPTIONS outside of a CORS preflight, which no route answers.
  case options
  /// The help text of a path (`?help=1`).
  case help

  /// Create and update are one verb to routes.
  package var isWrite: Bool { self == .create || self == .update }
}
