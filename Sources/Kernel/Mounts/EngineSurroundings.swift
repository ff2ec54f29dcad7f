internal import EngineAPI
import Primitives
import SecretMemory
import StorageAPI

/// What engines get from the node beside their storage.
struct EngineSurroundings: Sendable {
  let store: any LogicalStore
  let clock: WallClock
  let random: RandomSource
  let systemDefaultTTL: TimeSpan
  let systemMaxTTL: TimeSpan
  let log: @Sendable (_ mount: String, _ message: StaticString, _ details: [String: String]) -> Void
  let password: @Sendable (_ policy: String) throws -> SecretBytes
  let work: MountWork
}
