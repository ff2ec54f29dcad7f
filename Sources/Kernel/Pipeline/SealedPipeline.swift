internal import EngineAPI
internal import JSONText

/// The way of requests while the node is sealed or not initialised: only the system engine's routes that work then.
struct SealedPipeline {
  let node: Node

  func handle(_ request: InboundRequest) -> WireResponse {
    do {
      guard request.path.hasPrefix("sys/"), request.operation != .help,
        let (route, captures) = route(String(request.path.dropFirst(4)))
      else { throw Failures.sealed }
      let call = Call(
        id: request.id, operation: request.operation, mountPoint: "sys/", path: String(request.path.dropFirst(4)),
        captures: captures, fields: route.traits.contains(.rawBody) ? [:] : try RequestFields.read(request),
        rawBody: route.traits.contains(.rawBody) ? request.body : [], headers: [:],
        remoteAddress: request.remoteAddress, now: request.received, principal: nil, wrapTTL: nil,
        origin: Session(node: node, state: nil, inbound: request, token: nil))
      let reply = try route.run(call, bodyBytes: request.body.count)
      switch reply.content {
      case .none:
        return WireResponse(status: reply.status ?? 204, contentType: "", headers: reply.headers, body: .bytes([]))
      default:
        return Outcome(.bare(reply), status: reply.status ?? 200).response(log: node.log)
      }
    } catch { return Failures.response(to: error, log: node.log) }
  }

  /// The first route that works now, which may not be the one that is asked first while the node is active.
  private func route(_ path: String) -> (MountedEngine.BoundRoute, [String: String])? {
    for route in node.systemEngine.routes where route.traits.contains(.beforeUnseal) {
      if let captures = route.pattern.match(path) { return (route, captures) }
    }
    return nil
  }
}
