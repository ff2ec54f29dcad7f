internal import HTTPServer
internal import Kernel

/// What a browser of another origin may do (Fetch Standard, section 3.2).
struct CrossOrigin {
  let isAllowed: Bool
  let isPreflight: Bool
  /// The preflight asks for a method that the API does not have.
  let asksForUnknownMethod: Bool
  let responseHeaders: [(name: String, value: String)]

  private static let methods = "DELETE,GET,OPTIONS,POST,PUT,PATCH,LIST"

  /// Nil where the request names no origin or cross-origin use is not switched on.
  init?(_ request: HTTPRequest, node: Node) {
    guard let origin = request.headers["origin"], !origin.isEmpty, let cors = node.state?.cors.value,
      cors["enabled"] == true
    else { return nil }
    let allowed = cors["allowed_origins"]?.arrayValue?.compactMap(\.stringValue) ?? []
    isAllowed = allowed.contains("*") || allowed.contains(origin)
    let method = request.headers["access-control-request-method"]
    isPreflight = method != nil
    asksForUnknownMethod =
      request.method == "OPTIONS" && method.map { !Self.methods.split(separator: ",").contains($0[...]) } ?? false
    var headers = [(name: "Access-Control-Allow-Origin", value: origin), ("Vary", "Origin")]
    if request.method == "OPTIONS" && isPreflight {
      let names = cors["allowed_headers"]?.arrayValue?.compactMap(\.stringValue) ?? []
      headers.append(("Access-Control-Allow-Methods", Self.methods))
      headers.append(("Access-Control-Allow-Headers", names.joined(separator: ",")))
      headers.append(("Access-Control-Max-Age", "300"))
    }
    responseHeaders = headers
  }
}
