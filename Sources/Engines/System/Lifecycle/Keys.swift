internal import Barrier
internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives

private enum Fields {
  static let maxOperations = Field.int("max_operations", "Encryptions after which a new key is made.")
  static let interval = Field.duration("interval", "Time after which a new key is made.")
  static let enabled = Field.bool("enabled", "Whether keys are rotated automatically.")
}

extension SystemEngine {
  static let keyRoutes: [Route<SystemEngine>] = [
    Route(
      "key-status", traits: [.dataAtTop], summary: "The age and use of the encryption key in force",
      [.read: { try keyStatus($1) }]),
    Route(
      "rotate", traits: [.sudo], summary: "Makes a new encryption key; older ones stay readable",
      [.update: { try rotate($1) }]),
    Route(
      "rotate/keyring", traits: [.sudo], summary: "Makes a new encryption key; older ones stay readable",
      [.update: { try rotate($1) }]),
    Route(
      "rotate/config",
      fields: [Fields.maxOperations.description, Fields.interval.description, Fields.enabled.description],
      summary: "When encryption keys are rotated by themselves",
      [.read: { try rotationConfiguration($1) }, .update: { try setRotationConfiguration($1) }]),
  ]

  private static func keyStatus(_ call: Call) throws -> Reply {
    let status = try call.active.state.barrier.keyStatus
    return .data([
      "term": .int(status.term), "install_time": .string(status.installTime.rfc3339),
      "encryptions": .int(status.encryptions),
    ])
  }

  private static func rotate(_ call: Call) throws -> Reply {
    try call.active.state.barrier.rotate()
    return .none
  }

  private static func rotationConfiguration(_ call: Call) throws -> Reply {
    let configuration = try call.active.state.barrier.rotationConfiguration
    return .data([
      "enabled": .bool(configuration.enabled), "max_operations": .int(configuration.maxOperations),
      "interval": configuration.interval == .zero ? 0 : .string(configuration.interval.goDescription),
    ])
  }

  private static func setRotationConfiguration(_ call: Call) throws -> Reply {
    let barrier = try call.active.state.barrier
    var configuration = try barrier.rotationConfiguration
    if let interval = try call[Fields.interval] {
      guard interval == .zero || interval >= RotationConfiguration.shortestInterval else {
        throw EngineError.invalid("interval must be greater or equal to 24h0m0s")
      }
      configuration.interval = interval
    }
    if let operations = try call[Fields.maxOperations] {
      guard (RotationConfiguration.fewestOperations...RotationConfiguration.mostOperations).contains(operations) else {
        throw EngineError.invalid("max_operations must be in the range [1000000,3865470566]")
      }
      configuration.maxOperations = operations
    }
    if let enabled = try call[Fields.enabled] { configuration.enabled = enabled }
    try barrier.setRotationConfiguration(configuration)
    return .none
  }
}
