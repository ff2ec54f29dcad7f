internal import EngineAPI
internal import HTTPServer
internal import Primitives

/// Who the client is when proxies stand between (`X-Forwarded-For`).
enum Forwarding {
  static func client(
    of request: HTTPRequest, _ settings: ForwardingSettings
  ) throws(EngineError) -> (address: String, port: Int) {
    let peer = (address: request.remoteAddress, port: request.remotePort)
    guard !settings.authorised.isEmpty else { return peer }
    let chain = request.headers.values("x-forwarded-for").flatMap { value in
      value.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
    }
    guard !chain.isEmpty else {
      if settings.rejectsAbsent {
        throw .invalid("missing x-forwarded-for header and configured to reject when not present")
      }
      return peer
    }
    guard settings.authorised.contains(where: { $0.contains(request.remoteAddress) })
    else {
      if settings.rejectsUnauthorised {
        throw .invalid("client address not authorized for x-forwarded-for and configured to reject connection")
      }
      return peer
    }
    guard settings.hopSkips < chain.count else {
      throw .invalid(
        "malformed x-forwarded-for configuration or request, hops to skip (\(settings.hopSkips)) would skip before "
          + "earliest chain link (chain length \(chain.count))")
    }
    return (chain[chain.count - 1 - settings.hopSkips], 0)
  }
}
