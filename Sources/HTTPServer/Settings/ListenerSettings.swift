/// One address to listen at.
package struct ListenerSettings: Sendable {
  package enum Address: Sendable, Equatable {
    /// A name or numeric address, empty for every interface; port 0 lets the system choose.
    case tcp(host: String, port: Int)
    /// A socket file, replaced if it is there already. User and group are names or numbers; nil leaves what the process has.
    case unix(path: String, mode: UInt32? = nil, user: String? = nil, group: String? = nil)
  }

  package var address: Address
  package var tls: TLSSettings?
  /// The longest body in bytes; zero or less for no limit.
  package var maxRequestBytes: Int
  /// Nil for those of the server's limits.
  package var timeouts: ClientTimeouts?

  package init(
    address: Address, tls: TLSSettings? = nil, maxRequestBytes: Int = 32 << 20, timeouts: ClientTimeouts? = nil
  ) {
    self.address = address
    self.tls = tls
    self.maxRequestBytes = maxRequestBytes
    self.timeouts = timeouts
  }
}
