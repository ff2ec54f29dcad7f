/// Where the kernel keeps what, above the barrier unless said otherwise. Mounts' own keys lie below `logical/` and `auth/`.
enum StoragePaths {
  /// Below the barrier and in the clear: it is read while sealed.
  static let sealConfiguration = "core/seal/config"
  static let cluster = "core/cluster"
  static let recoveryKey = "core/recovery-key"
  static let mounts = "core/mounts/"
  static let auditDevices = "core/audit/"
  static let auditMemory = "core/audit-memory/"
  static let auditedHeaders = "core/audited-headers"
  static let cors = "core/cors"
  static let responseHeaders = "core/response-headers"
  static let policies = "sys/policy/"
  static let passwordPolicies = "sys/password-policy/"
  static let lockedUsers = "core/locked-users/"
  static let autopilot = "core/raft/autopilot"
  static let quotas = "core/quotas/rate-limit/"
  static let leaseCounts = "core/quotas/lease-count/"
  static let quotaConfiguration = "core/quotas/config"
  static let versions = "core/versions/"
}
