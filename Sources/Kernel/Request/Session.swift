package import EngineAPI
package import Tokens

/// What the kernel's own engines find behind a call: the node, what is active while it is unsealed, and the caller's token.
package final class Session: CallOrigin {
  package let node: Node
  /// Nil on routes that work before unseal, while the node is sealed.
  package let state: ActiveState?
  package let inbound: InboundRequest
  private let known: KnownToken?
  /// The caller's token; nil where there was none or it was not valid.
  package var token: TokenEntry? { known?.entry }

  package init(node: Node, state: ActiveState?, inbound: InboundRequest, token: KnownToken?) {
    self.node = node
    self.state = state
    self.inbound = inbound
    known = token
  }
}

extension Call {
  /// The kernel's side of this call.
  /// - Throws: "internal error" where an engine outside the kernel made the call, which no path does.
  package var session: Session {
    get throws(EngineError) {
      guard let session = origin as? Session else { throw EngineError(status: 500, messages: ["internal error"]) }
      return session
    }
  }

  /// The same with what is active while unsealed.
  package var active: (session: Session, state: ActiveState) {
    get throws(EngineError) {
      let session = try session
      guard let state = session.state else { throw EngineError(status: 503, messages: ["Vault is sealed"]) }
      return (session, state)
    }
  }
}
