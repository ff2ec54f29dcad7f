internal import EngineAPI
internal import Glibc
internal import JSONText
internal import Kernel
internal import Primitives

/// The machine as `sys/host-info` shows it: names and units are those that the API's clients know.
extension SystemEngine {
  static let hostRoutes: [Route<SystemEngine>] = [
    Route("host-info", summary: "The machine that the node runs on", [.read: { try hostInfo($1) }])
  ]

  private static func hostInfo(_ call: Call) throws -> Reply {
    .data([
      "timestamp": .string(call.now.rfc3339), "cpu": .array(processors), "cpu_times": .array(processorTimes),
      "disk": .array(disks), "host": .object(host(try call.session.node.settings.hostname, now: call.now)),
      "memory": .object(memory),
    ])
  }

  private static var processors: [JSONValue] {
    let blocks = ProcFile.text("/proc/cpuinfo").split(separator: "\n", omittingEmptySubsequences: false)
      .split(separator: "").prefix(1024)
    var all: [JSONValue] = []
    for block in blocks {
      var fields: [String: String] = [:]
      for line in block {
        guard let colon = line.firstIndex(of: ":") else { continue }
        let name = String(line[..<colon].filter { $0 != "\t" })
        fields[name] = String(line[line.index(after: colon)...].drop { $0 == " " })
      }
      guard let number = fields["processor"].flatMap({ Int64($0) }) else { continue }
      all.append([
        "cpu": .int(number), "vendorId": .string(fields["vendor_id"] ?? ""),
        "family": .string(fields["cpu family"] ?? ""), "model": .string(fields["model"] ?? ""),
        "modelName": .string(fields["model name"] ?? ""), "cores": 1,
        "mhz": .number(JSONNumber(text: "\(fields["cpu MHz"].flatMap { Double($0) } ?? 0)")),
      ])
    }
    return all
  }

  private static var processorTimes: [JSONValue] {
    let ticks = max(1, Double(sysconf(Int32(_SC_CLK_TCK))))
    let names = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guestNice"]
    return ProcFile.lines("/proc/stat").compactMap { line in
      let parts = line.split(separator: " ")
      guard let name = parts.first, name.hasPrefix("cpu"), name != "cpu" else { return nil }
      var times: JSONObject = ["cpu": .string(String(name))]
      for (name, value) in zip(names, parts.dropFirst()) {
        times[name] = .number(JSONNumber(text: "\((Double(value) ?? 0) / ticks)"))
      }
      return .object(times)
    }
  }

  /// File systems that lie on a device.
  private static var disks: [JSONValue] {
    var seen: Set<Substring> = []
    return ProcFile.lines("/proc/self/mounts").prefix(512).compactMap { line in
      let parts = line.split(separator: " ")
      guard parts.count > 2, parts[0].hasPrefix("/dev/"), seen.insert(parts[0]).inserted else { return nil }
      let path = String(parts[1].replacing("\\040", with: " "))
      var space = statvfs()
      guard statvfs(path, &space) == 0 else { return nil }
      let unit = UInt64(space.f_frsize)
      let total = UInt64(space.f_blocks) &* unit
      let free = UInt64(space.f_bavail) &* unit
      let used = UInt64(space.f_blocks &- space.f_bfree) &* unit
      return [
        "path": .string(path), "fstype": .string(String(parts[2])), "total": .int(total), "free": .int(free),
        "used": .int(used), "usedPercent": percent(used, of: used &+ free), "inodesTotal": .int(UInt64(space.f_files)),
        "inodesFree": .int(UInt64(space.f_ffree)), "inodesUsed": .int(UInt64(space.f_files &- space.f_ffree)),
      ]
    }
  }

  private static func percent(_ part: UInt64, of whole: UInt64) -> JSONValue {
    .number(JSONNumber(text: whole == 0 ? "0" : "\(Double(part) / Double(whole) * 100)"))
  }

  private static func host(_ hostname: String, now: Timestamp) -> JSONObject {
    let uptime = UInt64(ProcFile.text("/proc/uptime").prefix { $0.isNumber }) ?? 0
    var release: [String: String] = [:]
    for line in ProcFile.lines("/etc/os-release") {
      let parts = line.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { release[String(parts[0])] = parts[1].filter { $0 != "\"" } }
    }
    var name = utsname()
    uname(&name)
    let machine = withUnsafeBytes(of: name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return [
      "hostname": .string(hostname), "uptime": .int(uptime),
      "bootTime": .int(max(0, now.seconds &- Int64(clamping: uptime))),
      "procs": .int(ProcFile.names("/proc").count { UInt32($0) != nil }), "os": "linux",
      "platform": .string(release["ID"] ?? ""), "platformVersion": .string(release["VERSION_ID"] ?? ""),
      "kernelVersion": .string(String(ProcFile.text("/proc/sys/kernel/osrelease").prefix { $0 != "\n" })),
      "kernelArch": .string(machine),
    ]
  }

  private static var memory: JSONObject {
    let fields = ProcFile.fields("/proc/meminfo")
    let total = ProcFile.bytes(fields["MemTotal"])
    let available = ProcFile.bytes(fields["MemAvailable"])
    let used = total > available ? total &- available : 0
    return [
      "total": .int(total), "available": .int(available), "used": .int(used), "usedPercent": percent(used, of: total),
      "free": .int(ProcFile.bytes(fields["MemFree"])), "buffers": .int(ProcFile.bytes(fields["Buffers"])),
      "cached": .int(ProcFile.bytes(fields["Cached"])), "swapTotal": .int(ProcFile.bytes(fields["SwapTotal"])),
      "swapFree": .int(ProcFile.bytes(fields["SwapFree"])),
    ]
  }
}
