import EngineFixture

@testable import UserpassMethod

typealias MountedUserpass = MountedFixture<UserpassMethod>

extension MountedUserpass {
  convenience init() { self.init("auth/m/") { UserpassMethod(context: $0) } }
}
