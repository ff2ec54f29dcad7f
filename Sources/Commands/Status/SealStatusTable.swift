internal import Client
internal import JSONText

/// A server's state as `status` and `operator unseal` show it.
enum SealStatusTable {
  /// Members in the order in which machines have always got them.
  private static let order = [
    "type", "initialized", "sealed", "t", "n", "progress", "nonce", "version", "build_date", "migration",
    "cluster_name", "cluster_id", "recovery_seal", "recovery_seal_type", "storage_type",
  ]

  /// The seal's status with what the node says about its leader, where it can say anything.
  static func show(_ status: JSONObject, leader: JSONObject?, _ output: Output) {
    var leader = leader
    // A node that is alone says nothing about a leader.
    if leader?["ha_enabled"]?.boolValue != true { leader = leader.map { ["ha_enabled": $0["ha_enabled"] ?? false] } }
    if !output.isTable {
      var object = JSONObject()
      for name in order { if let value = status[name] { object[name] = value } }
      for member in status.members where object[member.name] == nil { object[member.name] = member.value }
      for member in leader?.members ?? [] { object[member.name] = member.value }
      return output.structured(.object(object))
    }
    output.line(Table.keyValue(rows(status, leader)))
  }

  private static func rows(_ status: JSONObject, _ leader: JSONObject?) -> [(String, String)] {
    func text(_ name: String) -> String { status[name].cell }
    let isSealed = status["sealed"]?.boolValue ?? true
    let isRecovery = status["recovery_seal"]?.boolValue == true
    var rows = [("Seal Type", text("type"))]
    if !text("recovery_seal_type").isEmpty { rows.append(("Recovery Seal Type", text("recovery_seal_type"))) }
    rows += [
      ("Initialized", text("initialized")), ("Sealed", text("sealed")),
      ("Total \(isRecovery ? "Recovery " : "")Shares", text("n")), ("Threshold", text("t")),
    ]
    if isSealed {
      rows.append(("Unseal Progress", "\(text("progress"))/\(text("t"))"))
      rows.append(("Unseal Nonce", text("nonce")))
    }
    if status["migration"]?.boolValue == true { rows.append(("Seal Migration in Progress", "true")) }
    rows.append(("Version", text("version")))
    if !text("build_date").isEmpty { rows.append(("Build Date", text("build_date"))) }
    rows.append(("Storage Type", text("storage_type")))
    if !text("cluster_name").isEmpty && !text("cluster_id").isEmpty {
      rows += [("Cluster Name", text("cluster_name")), ("Cluster ID", text("cluster_id"))]
    }
    if let removed = status["removed_from_cluster"]?.boolValue {
      rows.append(("Removed From Cluster", String(removed)))
    }
    if let leader { rows += self.rows(leader: leader, isSealed: isSealed) }
    return rows
  }

  private static func rows(leader: JSONObject, isSealed: Bool) -> [(String, String)] {
    func text(_ name: String) -> String { leader[name].cell }
    let isEnabled = leader["ha_enabled"]?.boolValue == true
    var rows = [("HA Enabled", String(isEnabled))]
    guard isEnabled, !isSealed else { return rows }
    let isActive = leader["is_self"]?.boolValue == true
    rows.append(("HA Cluster", text("leader_cluster_address")))
    if isActive {
      rows.append(("HA Mode", "active"))
      if !text("active_time").isEmpty { rows.append(("Active Since", text("active_time"))) }
    } else {
      rows.append(("HA Mode", leader["performance_standby"]?.boolValue == true ? "performance standby" : "standby"))
      rows.append(("Active Node Address", text("leader_address").isEmpty ? "<none>" : text("leader_address")))
    }
    for (name, title) in [
      ("raft_committed_index", "Raft Committed Index"), ("raft_applied_index", "Raft Applied Index"),
    ] where (leader[name]?.int64Value ?? 0) > 0 {
      rows.append((title, text(name)))
    }
    return rows
  }

  /// What the node says about its leader. A sealed one refuses to say anything, but its storage tells whether it can
  /// have company.
  static func leader(_ client: APIClient, status: JSONObject) -> JSONObject? {
    if status["sealed"]?.boolValue != false {
      let isAlone = ["inmem", "file"].contains(status["storage_type"]?.stringValue ?? "")
      return ["ha_enabled": .bool(!isAlone)]
    }
    var client = client
    client.configuration.retries.limit = 0
    return try? client.object(APIRequest("GET", "sys/leader"))
  }
}
