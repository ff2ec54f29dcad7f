/// The paths that the engines of this program answer without a token, whatever policies say. Auth methods are known by
/// where they are usually mounted: a segment below `auth/`.
enum OpenPaths {
  static let reason = "the path works without a token"

  private static let exact: Set<String> = [
    "sys/decode-token", "sys/generate-root/attempt", "sys/generate-root/update", "sys/health", "sys/init",
    "sys/internal/specs/openapi", "sys/internal/ui/feature-flags", "sys/internal/ui/mounts",
    "sys/internal/ui/namespaces", "sys/internal/ui/unauthenticated-messages", "sys/leader", "sys/mfa/validate",
    "sys/replication/status", "sys/seal-backend-status", "sys/seal-status", "sys/storage/raft/join", "sys/unseal",
    "sys/wrapping/lookup", "sys/wrapping/pubkey",
  ]

  /// - Parameter path: without slashes around it.
  static func contains(_ path: String) -> Bool {
    if exact.contains(path) || path.hasPrefix("sys/internal/ui/mounts/") { return true }
    let segments = path.split(separator: "/", omittingEmptySubsequences: false)
    switch segments.first {
    case "auth": return (3...4).contains(segments.count) && segments[2] == "login"
    case "identity": return segments.dropFirst().first == "oidc" && isOpenProvider(segments.dropFirst(2))
    default: return false
    }
  }

  /// - Parameter rest: what comes below `identity/oidc/`.
  private static func isOpenProvider(_ rest: ArraySlice<Substring>) -> Bool {
    func isDiscovery(_ rest: ArraySlice<Substring>) -> Bool {
      rest.elementsEqual([".well-known", "keys"]) || rest.elementsEqual([".well-known", "openid-configuration"])
    }
    if isDiscovery(rest) { return true }
    if rest.first == "plugins" { return isDiscovery(rest.dropFirst()) }
    guard rest.first == "provider", rest.count > 2 else { return false }
    let below = rest.dropFirst(2)
    return isDiscovery(below) || below.elementsEqual(["token"]) || below.elementsEqual(["userinfo"])
  }
}
