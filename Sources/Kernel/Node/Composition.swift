package import AuditAPI
package import EngineAPI
package import Logging
package import Metrics
package import Primitives
package import SealAPI
package import SecretMemory
package import StorageAPI

/// How the root key is protected.
package enum SealKind: Sendable {
  /// By a key that people hold shares of; the closure makes the seal once the shares are together.
  case shares(type: String, @Sendable (SecretBytes) -> any Seal)
  /// By something that answers on its own; people hold shares of a recovery key.
  case automatic(any Seal)

  package var type: String {
    switch self {
    case .shares(let type, _): type
    case .automatic(let seal): seal.type
    }
  }

  package var isAutomatic: Bool { if case .automatic = self { true } else { false } }
}

/// The parts that the program is put together from. The executable makes this once; there are no registries.
package struct Composition: Sendable {
  package var engineTypes: [EngineType]
  package var auditDeviceTypes: [AuditDeviceType]
  package var seal: SealKind
  package var store: any PhysicalStore
  /// Nil for storage that has no log.
  package var storageStatus: (@Sendable () -> StorageStatus)?
  package var clock: WallClock
  package var random: RandomSource
  package var log: LogSink
  package var metrics: MetricsRegistry
  /// Reads the configuration again, as SIGHUP does; subsystems as `sys/config/reload` names them.
  package var reload: @Sendable (_ subsystem: String) throws -> Void

  package init(
    engineTypes: [EngineType], auditDeviceTypes: [AuditDeviceType], seal: SealKind, store: any PhysicalStore,
    storageStatus: (@Sendable () -> StorageStatus)? = nil, clock: WallClock, random: RandomSource, log: LogSink,
    metrics: MetricsRegistry, reload: @escaping @Sendable (_ subsystem: String) throws -> Void = { _ in }
  ) {
    self.engineTypes = engineTypes
    self.auditDeviceTypes = auditDeviceTypes
    self.seal = seal
    self.store = store
    self.storageStatus = storageStatus
    self.clock = clock
    self.random = random
    self.log = log
    self.metrics = metrics
    self.reload = reload
  }
}
