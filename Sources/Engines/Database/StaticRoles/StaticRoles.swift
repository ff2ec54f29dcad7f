internal import EngineAPI
internal import Primitives

/// Users that are there already and whose passwords are rotated.
extension DatabaseMount {
  static let staticRoleRoutes: [Route<DatabaseMount>] = []

  /// Rotates what is due; returns when the next rotation is.
  func rotateStaticRoles(now: Timestamp) throws -> Timestamp? { nil }
}
