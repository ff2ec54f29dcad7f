package import JSONText
package import Primitives

/// One `listener` stanza.
package struct ListenerConfiguration: Sendable, Equatable {
  package enum Address: Sendable, Equatable {
    /// The host is empty for every interface, without brackets for IPv6; port 0 lets the system choose.
    case tcp(host: String, port: Int)
    /// `mode` is the file's; user and group are names or numbers.
    case unix(path: String, mode: UInt32?, user: String?, group: String?)
  }

  package var address: Address
  /// `host:port` for other nodes; nil for Unix sockets.
  package var clusterAddress: String?
  /// Nil where the listener speaks plain HTTP.
  package var tls: TLSConfiguration?

  /// Bytes; nil for no limit.
  package var maxRequestSize: Int64? = 32 << 20
  package var maxRequestDuration: TimeSpan
  package var maxTokenHeaderSize: Int64 = 8192
  package var jsonLimits = JSONLimits.standard
  package var readTimeout = TimeSpan.seconds(30)
  package var readHeaderTimeout = TimeSpan.seconds(10)
  /// Zero for none.
  package var writeTimeout = TimeSpan.zero
  package var idleTimeout = TimeSpan.minutes(5)

  package var forwardedFor = ForwardedForConfiguration()
  package var customResponseHeaders: [CustomResponseHeaders] = []
  package var requireRequestHeader = false
  package var unauthenticatedMetricsAccess = false
  package var unauthenticatedInFlightRequestAccess = false
  package var unauthenticatedProfileAccess = false
  package var redactAddresses = false
  package var redactClusterName = false
  package var redactVersion = false
  package var disableReplicationStatusEndpoints = false

  package init(address: Address, maxRequestDuration: TimeSpan = .seconds(90)) {
    self.address = address
    self.maxRequestDuration = maxRequestDuration
  }
}

package struct TLSConfiguration: Sendable, Equatable {
  package enum Version: Int, Sendable, Comparable {
    case tls10, tls11, tls12, tls13

    package static func < (a: Version, b: Version) -> Bool { a.rawValue < b.rawValue }
  }

  /// PEM, the server's certificate first.
  package var certificateFile: String
  package var keyFile: String
  package var minVersion = Version.tls12
  package var maxVersion = Version.tls13
  /// By their names in the IANA registry; empty for the defaults.
  package var cipherSuites: [String] = []
  package var clientCAFile: String?
  package var requireClientCertificate = false
  package var disableClientCertificates = false

  package init(certificateFile: String, keyFile: String) {
    self.certificateFile = certificateFile
    self.keyFile = keyFile
  }
}

/// Which proxies are believed when they say whom they speak for.
package struct ForwardedForConfiguration: Sendable, Equatable {
  /// Addresses and CIDR blocks; empty means that the header is not looked at.
  package var authorizedAddresses: [String] = []
  package var hopSkips: Int64 = 0
  package var rejectsNotPresent = true
  package var rejectsNotAuthorized = true

  package init() {}
}

/// Headers for answers of some statuses.
package struct CustomResponseHeaders: Sendable, Equatable {
  package enum Statuses: Sendable, Hashable {
    case all
    /// `2xx` has the class 2.
    case hundreds(Int)
    case one(Int)
  }
  package struct Header: Sendable, Equatable {
    package var name: String
    package var values: [String]
    package init(name: String, values: [String]) {
      self.name = name
      self.values = values
    }
  }

  package var statuses: Statuses
  package var headers: [Header]

  package init(statuses: Statuses, headers: [Header]) {
    self.statuses = statuses
    self.headers = headers
  }
}
