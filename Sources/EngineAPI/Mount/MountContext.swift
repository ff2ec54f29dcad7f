package import Primitives
package import SecretMemory

/// What `tune` changes about a mount.
package struct MountSettings: Sendable, Equatable {
  /// Effective times, with the system's own where the mount has none.
  package var defaultTTL: TimeSpan
  package var maxTTL: TimeSpan
  /// The default as it was set, even beyond the maximum.
  package var uncappedDefaultTTL: TimeSpan
  package var options: [String: String]

  package init(defaultTTL: TimeSpan, maxTTL: TimeSpan, options: [String: String]) {
    self.defaultTTL = min(defaultTTL, maxTTL)
    uncappedDefaultTTL = defaultTTL
    self.maxTTL = maxTTL
    self.options = options
  }
}

/// What an engine is given for one mount.
package struct MountContext: Sendable {
  /// Such as `secret/` or `auth/userpass/`, at the time of the call: mounts can move.
  package let path: @Sendable () -> String
  package let accessor: String
  package let uuid: String
  package let type: String
  /// This mount's own keys, sealed by the barrier.
  package let storage: StorageView
  package let clock: WallClock
  package let random: RandomSource
  package let settings: @Sendable () -> MountSettings
  package let log: @Sendable (_ message: StaticString, _ details: [String: String]) -> Void
  /// Has `Engine.work` called at that time, or sooner where that was asked for already.
  package let requestWork: @Sendable (_ at: Timestamp) -> Void
  /// Makes a password by the password policy of that name.
  /// - Throws: `EngineError` where there is no such policy, or none can be made by it.
  package let password: @Sendable (_ policy: String) throws -> SecretBytes

  package init(
    path: @escaping @Sendable () -> String, accessor: String, uuid: String, type: String, storage: StorageView,
    clock: WallClock,
    random: RandomSource, settings: @escaping @Sendable () -> MountSettings,
    log: @escaping @Sendable (_ message: StaticString, _ details: [String: String]) -> Void,
    requestWork: @escaping @Sendable (_ at: Timestamp) -> Void = { _ in },
    password: @escaping @Sendable (_ policy: String) throws -> SecretBytes = {
      throw EngineError.invalid("there is no password policy \"\($0)\"")
    }
  ) {
    self.path = path
    self.accessor = accessor
    self.uuid = uuid
    self.type = type
    self.storage = storage
    self.clock = clock
    self.random = random
    self.settings = settings
    self.log = log
    self.requestWork = requestWork
    self.password = password
  }
}
