package import Primitives

/// How a token is kept: in storage with an accessor, or whole inside its own text.
package enum TokenType: String, Sendable, Hashable { case service, batch }

/// Who makes a request: the public part of its token. The token itself never reaches an engine.
package final class Principal: Sendable {
  package let displayName: String
  package let accessor: String
  package let policies: [String]
  package let entityID: String
  package let type: TokenType
  package let metadata: [String: String]
  /// The folder of this token's cubbyhole; empty for tokens that have none.
  package let cubbyholeID: String
  /// The identity that usage is counted by: the entity, or a digest of the token's policies where there is none.
  package let clientID: String
  /// True for a token with the policy `root`.
  package let isRoot: Bool
  /// When the token ends; nil for one that does not.
  package let expires: Timestamp?

  package init(
    displayName: String, accessor: String, policies: [String], entityID: String, type: TokenType,
    metadata: [String: String],
    cubbyholeID: String, clientID: String, isRoot: Bool, expires: Timestamp?
  ) {
    self.displayName = displayName
    self.accessor = accessor
    self.policies = policies
    self.entityID = entityID
    self.type = type
    self.metadata = metadata
    self.cubbyholeID = cubbyholeID
    self.clientID = clientID
    self.isRoot = isRoot
    self.expires = expires
  }
}
