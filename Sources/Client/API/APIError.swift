internal import JSONText

/// An answer that refuses, with what it said.
package struct ResponseError: Error, Sendable, Equatable, CustomStringConvertible {
  package let method: String
  package let url: String
  package let status: Int
  package let namespace: String
  /// The members of `errors`; or the body as it was, where it has no such member.
  package let errors: [String]
  package let isRaw: Bool

  package init(_ response: HTTPResponse, method: String, url: String, namespace: String) {
    self.method = method
    self.url = url
    self.namespace = namespace
    status = response.status
    if let value = try? JSONParser.parse(response.body, limits: .unlimited), let list = value["errors"]?.arrayValue {
      errors = list.compactMap(\.stringValue)
      isRaw = false
    } else {
      errors = [String(decoding: response.body.prefix(64 << 10), as: UTF8.self)]
      isRaw = true
    }
  }

  package var description: String {
    var text = "Error making API request.\n\n"
    if !namespace.isEmpty { text += "Namespace: \(namespace)\n" }
    text += "URL: \(method) \(url)\nCode: \(status). \(isRaw ? "Raw Message" : "Errors"):\n\n"
    return text + (isRaw ? errors : errors.map { "* \($0)" }).joined(separator: "\n")
  }
}

/// Why a call of the API brought nothing.
package enum APIError: Error, Sendable, CustomStringConvertible {
  case refused(ResponseError)
  /// No answer came.
  case unreachable(method: String, url: String, TransportError)
  /// An answer that makes no sense.
  case malformed(String)
  /// Nothing was sent; the request was asked for in words.
  case shown(String)

  package var description: String {
    switch self {
    case .refused(let response): response.description
    case .unreachable(let method, let url, let error):
      "\(method.prefix(1))\(method.dropFirst().lowercased()) \"\(url)\": \(error)"
    case .malformed(let reason): reason
    case .shown(let text): text
    }
  }

  /// The status of a refusal.
  package var status: Int? { if case .refused(let response) = self { response.status } else { nil } }
}
