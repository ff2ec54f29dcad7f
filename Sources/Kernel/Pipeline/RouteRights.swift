package import EngineAPI

/// What a route asks of whoever uses it.
extension MountedEngine.BoundRoute {
  /// The route works without a token.
  func isOpen(_ settings: @autoclosure () -> NodeSettings) -> Bool {
    traits.contains(.unauthenticated)
      || (traits.contains(.unauthenticatedIfConfigured) && settings().allowsUnauthenticatedRekey)
  }

  func needsSudo(_ operation: Operation) -> Bool { traits.contains(.sudo) || sudoOperations.contains(operation) }

  /// The path as policies see it.
  func decidedPath(mountPoint: String, rest: String) -> String {
    mountPoint + (traits.contains(.foldedName) ? pattern.foldingName(in: rest) : rest)
  }
}

/// What a request for a path would have to bring, found without making one.
package struct PathRights: Sendable {
  /// As policies see it.
  package private(set) var path: String
  package private(set) var isMounted = false
  /// The mount's engine has something there.
  package private(set) var hasRoute = false
  package private(set) var isOpen = false
  /// Any token may use it, whatever its policies say.
  package private(set) var isForAnyToken = false
  package private(set) var needsSudo = false
  /// A write may be a create or an update.
  package private(set) var tellsCreate = false

  package init(_ operation: Operation, path: String, node: Node, state: ActiveState) {
    self.path = operation == .list && !path.hasSuffix("/") ? path + "/" : path
    guard let (mount, rest) = state.mounts.resolve(self.path) else { return }
    isMounted = true
    guard let (route, _) = mount.engine.route(rest) else { return }
    hasRoute = true
    let mountPoint = mount.entry.requestPath
    if self.path.hasPrefix(mountPoint) { self.path = route.decidedPath(mountPoint: mountPoint, rest: rest) }
    isOpen = route.isOpen(node.settings)
    isForAnyToken = route.traits.contains(.noPolicy)
    needsSudo = route.needsSudo(operation)
    tellsCreate = route.exists != nil
  }
}
