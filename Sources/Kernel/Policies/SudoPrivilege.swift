package import Tokens

extension ActiveState {
  /// Whether the token has `sudo` on the path, as root has on every path.
  package func hasSudo(_ token: TokenEntry, path: String) throws -> Bool {
    try token.isRoot || acl(for: token).capabilities(path).contains("sudo")
  }
}
