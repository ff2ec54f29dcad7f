internal import Commands
internal import JSONText
internal import Kernel

/// `coffer operator raft snapshot inspect`: what a file holds, without a server.
struct SnapshotInspectCommand: Command {
  private static let details = Flag<Bool>("details", default: true, "Count keys and bytes by the beginning of keys.")
  private static let depth = Flag<Int64>("depth", default: 2, "How many segments of keys count; 0 for whole keys.")
  private static let filter = Flag<String>("filter", "Count only keys that begin so.")

  let words = ["operator", "raft", "snapshot", "inspect"]
  let synopsis = "Tell what a snapshot's file holds"
  let usage = "FILE"
  let details = """
    Checks that the file is whole, and tells when in the log it was taken and what it holds: keys are not encrypted,
    values are, and stay so.

        $ coffer operator raft snapshot inspect backup.snap
        $ coffer operator raft snapshot inspect -depth=1 -format=json backup.snap
    """
  let arity = Arity.worded(
    1...1, few: "Missing FILE argument", many: "Too many arguments (expected 1, got %)")
  let shares: SharedFlags = [.client, .format]
  let flags: [any AnyFlag] = [Self.details, Self.depth, Self.filter]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    if call[Self.depth] < 0 { throw .local("Depth must be equal to or greater than 0") }
    let bytes: [UInt8]
    do throws(FileError) { bytes = try call.environment.files.read(call.argument(0)).get() } catch {
      throw .local("Error opening snapshot file: \(error)")
    }
    guard let inspection = SnapshotInspection(bytes) else {
      throw .local("Error reading snapshot: the file is damaged or incomplete, or is no snapshot")
    }
    let usage = call[Self.details] ? counts(inspection, call) : []
    let bytesInAll = usage.reduce(0) { $0 + $1.bytes }
    if !output.isTable {
      return output.structured([
        "Meta": .object(JSONObject(Self.metaNames.map { ($0, inspection.meta[$0] ?? .null) })),
        "StatsKV": .array(
          usage.map { ["Name": .string($0.name), "Count": .int($0.keys), "Size": .int($0.bytes)] }),
        "TotalCountKV": .int(usage.reduce(0) { $0 + $1.keys }), "TotalSizeKV": .int(bytesInAll),
      ])
    }
    output.line(Table.aligned(Self.metaNames.map { [" \($0)", inspection.meta[$0]?.plainText ?? ""] }))
    if usage.isEmpty { return }
    let rows = usage.map { [" \($0.name)", "\($0.keys)", Self.size($0.bytes)] }
    let end = [[" ----", "----", " "], [" Total Size", " ", Self.size(bytesInAll)]]
    output.line("\n" + Table.aligned([[" Key Name", "Count", "Size"], [" ----", "----", "----"]] + rows + end))
  }

  private static let metaNames = ["ID", "Size", "Index", "Term", "Version"]

  private struct Usage {
    let name: String
    var keys = 0
    var bytes = 0
  }

  /// The beginnings with the most keys first.
  private func counts(_ inspection: SnapshotInspection, _ call: Invocation) -> [Usage] {
    var found: [String: Usage] = [:]
    let depth = call[Self.depth] == 0 ? Int.max : Int(clamping: call[Self.depth])
    for (key, bytes) in inspection.entries where key.hasPrefix(call[Self.filter]) {
      let name = key.split(separator: "/", omittingEmptySubsequences: false).prefix(depth).joined(separator: "/")
      found[name, default: Usage(name: name)].keys += 1
      found[name, default: Usage(name: name)].bytes += bytes
    }
    return found.values.sorted { ($1.keys, $0.name) < ($0.keys, $1.name) }
  }

  private static func size(_ bytes: Int) -> String {
    var tenths = bytes * 10
    var unit = 0
    let units = ["B", "KB", "MB", "GB", "TB"]
    while tenths >= 10_240 && unit < units.count - 1 {
      tenths /= 1024
      unit += 1
    }
    return bytes == 0 ? "0" : "\(tenths / 10)" + (tenths % 10 == 0 ? "" : ".\(tenths % 10)") + units[unit]
  }
}
