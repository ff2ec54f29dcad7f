package import AuditAPI
internal import AuditConnection
internal import Glibc
package import Primitives

/// Sends entries to the syslog daemon of this machine, in the form that its socket takes (RFC 3164, section 4.1, without
/// the host's name).
package final class SyslogAuditDevice: AuditDevice {
  /// Options: `facility` (default `AUTH`) and `tag` (default `vault`).
  package static let type = AuditDeviceType(name: "syslog") { context throws(AuditDeviceError) in
    try SyslogAuditDevice(options: context.options)
  }

  /// Where the daemons of different systems listen.
  package static let sockets = ["/dev/log", "/var/run/syslog", "/var/run/log"]
  private static let severity = 6  // Informational.
  private static let patience = TimeSpan.seconds(2)

  private let priority: Int
  private let tag: String
  private let clock: WallClock
  private let connection: KeptConnection
  package let isPrompt = false

  package init(
    options: [String: String], sockets: [String] = SyslogAuditDevice.sockets, clock: WallClock = .system
  ) throws(AuditDeviceError) {
    let name = options["facility"].flatMap { $0.isEmpty ? nil : $0.uppercased() } ?? "AUTH"
    guard let facility = Self.facilities[name] else { throw .configuration("unknown 'facility'") }
    let tag = options["tag"].flatMap { $0.isEmpty ? nil : $0 } ?? "vault"
    // A line feed would begin a message that nobody wrote.
    guard tag.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), tag.utf8.count <= 128 else {
      throw .configuration("'tag' must be a word")
    }
    priority = facility * 8 + Self.severity
    self.tag = tag
    self.clock = clock
    connection = KeptConnection { () throws(AuditDeviceError) in
      for path in sockets {
        for kind in [Endpoint.UnixKind.datagram, .stream] {
          do throws(AuditDeviceError) {
            return try Endpoint.unix(path: path, kind).connect(within: Self.patience)
          } catch {}
        }
      }
      throw AuditDeviceError("no syslog daemon listens on this machine")
    }
  }

  package func write(_ entries: [UInt8]) throws(AuditDeviceError) {
    if connection.isClosed { throw AuditDeviceError("the device is closed") }
    let head = header()
    try connection.send { connection throws(AuditDeviceError) in
      for entry in entries.entries { try connection.send((head + entry)[...]) }
    }
  }

  package func reopen() throws(AuditDeviceError) { connection.drop() }
  package func close() { connection.close() }

  /// `<PRIORITY>Mmm dd hh:mm:ss TAG[PID]: `, in the machine's time zone.
  private func header() -> [UInt8] {
    var seconds = time_t(clock.now().seconds)
    var parts = tm()
    localtime_r(&seconds, &parts)
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let month = months[min(11, max(0, Int(parts.tm_mon)))]
    func padded(_ number: Int32, _ character: Character) -> String {
      number < 10 ? "\(character)\(number)" : "\(number)"
    }
    let time = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded($0, "0") }.joined(separator: ":")
    return Array("<\(priority)>\(month) \(padded(parts.tm_mday, " ")) \(time) \(tag)[\(getpid())]: ".utf8)
  }

  /// RFC 5424, section 6.2.1, by the names that operators write.
  private static let facilities: [String: Int] = {
    var table = [
      "KERN": 0, "USER": 1, "MAIL": 2, "DAEMON": 3, "AUTH": 4, "SYSLOG": 5, "LPR": 6, "NEWS": 7, "UUCP": 8, "CRON": 9,
      "AUTHPRIV": 10, "FTP": 11,
    ]
    for number in 0...7 { table["LOCAL\(number)"] = 16 + number }
    return table
  }()
}
