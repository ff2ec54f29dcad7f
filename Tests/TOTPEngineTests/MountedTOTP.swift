import EngineFixture
import MemoryStore

@testable import TOTPEngine

typealias MountedTOTP = MountedFixture<TOTPEngine>

extension MountedTOTP {
  convenience init(store: MemoryStore = MemoryStore()) {
    self.init("totp/", store: store) { TOTPEngine(context: $0) }
  }
}
