internal import EngineAPI
internal import JSONText

/// Answers in the form of OAuth 2.0: JSON without an envelope.
enum OAuthReply {
  static func json(_ object: JSONObject, status: Int = 200, headers: [(name: String, value: String)] = []) -> Reply {
    var reply = Reply(
      .raw(contentType: "application/json", JSONText(sorting: .object(object)).bytes), status: status)
    reply.headers = headers
    return reply
  }

  /// A document that may be kept for so many seconds.
  static func cached(_ object: JSONObject, seconds: Int64) -> Reply {
    json(object, headers: seconds > 0 ? [("Cache-Control", "max-age=\(seconds)")] : [])
  }
}

/// Why a request to one of the provider's endpoints is not done, in OAuth's terms (RFC 6749, sections 4.1.2.1 and 5.2;
/// OpenID Connect Core 1.0, section 3.1.2.6; RFC 6750, section 3.1).
struct OAuthError: Error, Sendable {
  let code: Code
  let description: String

  enum Code: String, Sendable {
    case invalidRequest = "invalid_request"
    case unauthorizedClient = "unauthorized_client"
    case accessDenied = "access_denied"
    case unsupportedResponseType = "unsupported_response_type"
    case invalidScope = "invalid_scope"
    case temporarilyUnavailable = "temporarily_unavailable"
    case requestNotSupported = "request_not_supported"
    case requestURINotSupported = "request_uri_not_supported"
    case invalidClient = "invalid_client"
    case invalidGrant = "invalid_grant"
    case unsupportedGrantType = "unsupported_grant_type"
    case invalidToken = "invalid_token"
    // These the user interface handles itself, because a client that cannot be trusted must not be sent to.
    case invalidClientID = "invalid_client_id"
    case invalidRedirectURI = "invalid_redirect_uri"
    case maxAgeViolation = "max_age_violation"
  }

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  private var status: Int {
    switch code {
    case .invalidClient, .invalidToken: 401
    case .temporarilyUnavailable: 429
    default: 400
    }
  }

  /// - Parameter state: of an authorisation request, which is given back; nil elsewhere.
  func reply(state: String? = nil, headers: [(name: String, value: String)] = []) -> Reply {
    var object: JSONObject = ["error": .string(code.rawValue), "error_description": .string(description)]
    if let state, !state.isEmpty { object["state"] = .string(state) }
    var headers = headers
    switch code {
    case .invalidClient: headers.append(("WWW-Authenticate", "Basic"))
    case .invalidToken:
      headers.append(
        ("WWW-Authenticate", "Bearer error=\"\(code.rawValue)\",error_description=\"\(description)\""))
    default: break
    }
    return OAuthReply.json(object, status: status, headers: headers)
  }
}
