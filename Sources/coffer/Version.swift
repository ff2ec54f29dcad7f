/// What this program says of itself.
enum Version {
  /// Semantic version. Clients gate features by the level of the API that its first part names; the build metadata is our own version.
  static let number = "1.21.0+coffer.0.1.0"
  /// RFC 3339; of the release, not of the compilation, so that builds can be repeated.
  static let buildDate = "2026-11-21T00:00:00Z"
}
