internal import EngineAPI
internal import JSONText

/// The way of requests while the node is sealed or not initialised: only the system engine's routes that work then.
struct SealedPipeline {
  let node: Node

  func handle(_ request: InboundRequest) -> WireResponse {
    do {
      guard request.path.hasPrefix("sys/"),
        let (route, captures) = node.systemEngine.route(String(request.path.dropFirst(4))),
        route.traits.contains(.beforeUnseal), request.operation != .help
      else { throw Failures.sealed }
      let call = Call(
        id: request.id, operation: request.operation, mountPoint: "sys/", path: String(request.path.dropFirst(4)),
        captures: captures, fields: route.traits.contains(.rawBody) ? [:] : try RequestFields.read(request),
        rawBody: route.traits.contains(.rawBody) ? request.body : [], headers: [:],
        remoteAddress: request.remoteAddress, now: request.received, principal: nil, wrapTTL: nil,
        origin: Session(node: node, state: nil, inbound: request, token: nil))
      let reply = try route.run(call)
      switch reply.content {
      case .none:
        return WireResponse(status: reply.status ?? 204, contentType: "", headers: reply.headers, body: .bytes([]))
      default:
        return Outcome(.bare(reply), status: reply.status ?? 200).response(log: node.log)
      }
    } catch { return Failures.response(to: error, log: node.log) }
  }
}
