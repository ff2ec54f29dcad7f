internal import EngineAPI
internal import HTTPServer

/// Headers that few clients send, and that are refused where they make no sense rather than passed over.
enum RareHeaders {
  /// Answered by every node for itself, whatever else a request asks for.
  private static let answeredAnyway: Set<String> = [
    "sys/health", "sys/init", "sys/leader", "sys/seal", "sys/seal-backend-status", "sys/seal-status", "sys/unseal",
  ]

  /// - Throws: 400 for what cannot be read, and for a wish to be forwarded, which no configuration allows.
  static func check(_ headers: HTTPHeaders, path: String) throws(EngineError) {
    if let text = headers["x-vault-forward"], !text.isEmpty, !answeredAnyway.contains(path) {
      throw .invalid("forwarding via header X-Vault-Forward disabled in configuration")
    }
    if let first = headers["x-vault-mfa"], first.contains(":") {
      for text in headers.values("x-vault-mfa") where !answeredAnyway.contains(path) { try checkFactor(text) }
    }
    if let text = headers["x-vault-policy-override"], !text.isEmpty, Coercion.parseBool(text) == nil,
      !answeredAnyway.contains(path)
    {
      throw .invalid(
        "failed to parse X-Vault-Policy-Override header: strconv.ParseBool: parsing \"\(text)\": invalid syntax")
    }
  }

  /// A method's name or id, and a passcode behind a colon.
  private static func checkFactor(_ text: String) throws(EngineError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let missing = parts[0].isEmpty ? "name or ID" : parts[1].isEmpty ? "value" : nil else {
      return
    }
    throw .invalid(
      "failed to parse X-Vault-MFA header: invalid data in header \"X-Vault-MFA\"; missing method \(missing)")
  }
}
