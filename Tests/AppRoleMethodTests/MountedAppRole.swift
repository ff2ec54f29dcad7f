import EngineFixture

@testable import AppRoleMethod

typealias MountedAppRole = MountedFixture<AppRoleMethod>

extension MountedAppRole {
  convenience init() { self.init("auth/m/") { AppRoleMethod(context: $0) } }
}
