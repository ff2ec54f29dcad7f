internal import HCL

/// Reads `audit "type" "path"` stanzas.
struct AuditReader {
  var warnings: [String] = []

  mutating func devices(_ stanzas: [Stanza]) throws(ConfigurationError) -> [AuditDeviceConfiguration] {
    var devices: [AuditDeviceConfiguration] = []
    for stanza in stanzas {
      let device = try device(stanza)
      // One path may not lie within another, as for mounts.
      let isTaken = devices.contains { other in
        let (a, b) = (device.path + "/", other.path + "/")
        return a.utf8.starts(with: b.utf8) || b.utf8.starts(with: a.utf8)
      }
      if isTaken { throw stanza.error("another audit device has this path already") }
      devices.append(device)
    }
    return devices
  }

  private mutating func device(_ stanza: Stanza) throws(ConfigurationError) -> AuditDeviceConfiguration {
    warnings += try stanza.review(Self.keys)
    let type = stanza.labels.first ?? ""
    var path = (stanza.labels.count > 1 ? stanza.labels[1] : "")[...]
    while path.hasPrefix("/") { path.removeFirst() }
    while path.hasSuffix("/") { path.removeLast() }
    guard ["file", "http", "socket", "syslog"].contains(type) else {
      throw stanza.error("there are \"file\", \"http\", \"socket\" and \"syslog\"")
    }
    if path.isEmpty || path.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
      throw stanza.error("the second label must be a path")
    }
    var device = AuditDeviceConfiguration(type: type, path: String(path))
    device.description = try stanza.string("description") ?? ""
    device.isLocal = try stanza.bool("local") ?? false
    device.options = try stanza.texts("options")
    return device
  }

  private static let keys = treatments(used: ["description", "local", "options"])
}
