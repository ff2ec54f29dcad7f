package import EngineAPI
import HTTPServer
package import JSONText
package import Primitives

/// Which peers may say for whom they speak (`X-Forwarded-For`).
package struct ForwardingSettings: Sendable {
  /// Peers whose header is believed; empty where nobody's is.
  package var authorised: [AddressBlock]
  /// How many proxies stand before this server beside the last one.
  package var hopSkips: Int
  package var rejectsUnauthorised: Bool
  package var rejectsAbsent: Bool

  package init(
    authorised: [AddressBlock] = [], hopSkips: Int = 0, rejectsUnauthorised: Bool = true, rejectsAbsent: Bool = true
  ) {
    self.authorised = authorised
    self.hopSkips = hopSkips
    self.rejectsUnauthorised = rejectsUnauthorised
    self.rejectsAbsent = rejectsAbsent
  }
}

/// What one listener does differently from others.
package struct ListenerBehaviour: Sendable {
  package var forwarding = ForwardingSettings()
  package var jsonLimits = JSONLimits.standard
  /// From a request's first byte until it is carried out; zero for no limit.
  package var maxRequestDuration = TimeSpan.seconds(90)
  /// Bytes.
  package var maxTokenBytes = 8192
  /// Headers of every answer, by status (`200`), class (`4xx`) or `default`.
  package var responseHeaders: [String: [(name: String, value: String)]] = [:]
  /// Headers that say which node answered.
  package var nodeHeaders: [(name: String, value: String)] = []
  package var metricsWithoutToken = false
  /// Routes with one of these traits work without a token.
  package var opens: RouteTraits = []
  /// `sys/replication/status` and its like are not there.
  package var hidesReplicationStatus = false
  /// Requests must carry `X-Vault-Request: true`, which pages of other origins cannot send unasked.
  package var requiresRequestHeader = false
  /// What callers without a valid token are not told.
  package var redactsAddresses = false
  package var redactsClusterName = false
  package var redactsVersion = false
  package var checksPrintable = true

  package init() {}
}
