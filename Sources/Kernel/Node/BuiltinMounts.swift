package import EngineAPI
internal import JSONText
package import Primitives
import StorageAPI

/// The mounts that every node has.
package enum BuiltinMounts {
  static let system = "system"
  /// Paths that nobody mounts at, moves or takes away.
  package static let reserved = ["audit/", "auth/", "sys/", "cubbyhole/", "identity/"]

  /// Paths whose times and switches stay as they are.
  package static let untunable = ["audit/", "sys/", "cubbyhole/"]

  static func create(in store: any LogicalStore, extra: [MountEntry], random: RandomSource) throws {
    var batch = WriteBatch()
    func add(_ entry: MountEntry) { batch.put(entry.storageKey, JSONText(entry.record).bytes) }
    add(
      entry(.secret, "sys/", system, "system endpoints used for control, policy and debugging", random: random) {
        $0.sealWrap = true
        $0.configuration.passthroughRequestHeaders = ["Accept"]
      })
    add(
      entry(.secret, "cubbyhole/", "cubbyhole", "per-token private secret storage", random: random) {
        $0.local = true
      })
    add(entry(.secret, "identity/", "identity", "identity store", random: random))
    add(
      entry(.auth, "token/", "token", "token based credentials", random: random) {
        $0.configuration.tokenType = "default-service"
      })
    for entry in extra { add(entry) }
    _ = try store.commit(batch)
  }

  /// A new entry with an accessor and id of its own.
  package static func entry(
    _ mountClass: MountClass, _ path: String, _ type: String, _ description: String, random: RandomSource,
    _ edit: (inout MountEntry) -> Void = { _ in }
  ) -> MountEntry {
    let accessor = (mountClass == .auth ? "auth_" : "") + type + "_" + Hex.encode(random.bytes(4))
    var entry = MountEntry(
      mountClass: mountClass, path: path, type: type, description: description, accessor: accessor,
      uuid: random.uuid())
    edit(&entry)
    return entry
  }
}
