package import EngineAPI
package import JSONText

/// What a request got: the status that the kernel would give it, and the parts of the reply.
package struct Answer: Equatable, Sendable {
  package var status: Int
  package var data: JSONValue?
  /// Bytes that are no JSON, as text.
  package var raw = ""
  package var grant: LoginGrant?
  package var lease: LeaseRequest?
  package var warnings: [String] = []
  package var error = ""
  package var isFailedLogin = false
  package var wrappedAccessor = ""

  package init(status: Int, error: String = "", isFailedLogin: Bool = false) {
    self.status = status
    self.error = error
    self.isFailedLogin = isFailedLogin
  }

  init(_ failure: EngineError) {
    self.init(
      status: failure.status, error: failure.messages.joined(separator: "; "), isFailedLogin: failure.isFailedLogin)
  }

  init(_ reply: Reply, to operation: Operation) throws {
    status = 200
    lease = reply.lease
    warnings = reply.warnings
    wrappedAccessor = reply.wrappedAccessor
    switch reply.content {
    case .none: status = operation == .read || operation == .list ? 404 : 204
    case .data(let text): data = try text.parsed()
    case .login(let grant): self.grant = grant
    case .raw(_, let bytes): raw = String(decoding: bytes, as: UTF8.self)
    default: throw UnexpectedReply()
    }
    status = reply.status ?? status
  }

  package subscript(name: String) -> JSONValue? { data?[name] }
  package func text(_ name: String) -> String { data?[name]?.stringValue ?? "" }
}

/// A reply of a kind that tests of engines do not read.
package struct UnexpectedReply: Error {}
