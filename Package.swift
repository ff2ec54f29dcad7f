// swift-tools-version: 6.0
import PackageDescription

// The layers of docs/architecture.md, lowest first. A target sees what is named here and nothing else: the build runs with
// `--explicit-target-dependency-import-check error`.

/// Lists that several targets share (global variables of a manifest belong to the main actor; these do not).
enum Shared {
  static var settings: [SwiftSetting] {
    [
      .enableUpcomingFeature("ExistentialAny"),
      .enableUpcomingFeature("InternalImportsByDefault"),
      .unsafeFlags(["-warnings-as-errors"]),
    ]
  }
  static var primitives: [Target.Dependency] { ["Primitives", "SecretMemory"] }
  static var codecs: [Target.Dependency] { primitives + ["JSONText"] }
  /// What a secrets engine or an auth method may see: the contract and what lies below it.
  static var engine: [Target.Dependency] { codecs + ["Cryptography", "StorageAPI", "EngineAPI"] }
}

/// A library target at `Sources/<path>` with its tests at `Tests/<name>Tests`, where there are any.
func layer(_ name: String, path: String? = nil, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/\(path ?? name)", swiftSettings: Shared.settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, path: "Tests/\(name)Tests",
    swiftSettings: Shared.settings)
}

func engine(_ name: String, _ more: [Target.Dependency] = []) -> Target {
  layer("\(name)Engine", path: "Engines/\(name)", Shared.engine + more)
}
func store(_ name: String, _ library: [Target.Dependency] = []) -> Target {
  layer("\(name)Store", path: "Stores/\(name)", Shared.primitives + ["StorageAPI"] + library)
}
func seal(_ name: String, _ more: [Target.Dependency] = []) -> Target {
  layer("\(name)Seal", path: "Seals/\(name)", Shared.primitives + ["Cryptography", "SealAPI"] + more)
}
func authMethod(_ name: String) -> Target {
  layer("\(name)Method", path: "AuthMethods/\(name)", Shared.engine + ["TokenParameters"])
}
func auditDevice(_ name: String, _ more: [Target.Dependency]) -> Target {
  layer("\(name)AuditDevice", path: "AuditDevices/\(name)", Shared.primitives + ["AuditAPI"] + more)
}

let package = Package(
  name: "coffer",
  products: [.executable(name: "coffer", targets: ["coffer"])],
  targets: [
    // C libraries, each used by exactly one Swift target.
    .target(name: "CSystem", path: "Sources/CSystem"),
    .target(
      name: "COpenSSL", path: "Sources/COpenSSL", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    .target(name: "CNGHTTP2", path: "Sources/CNGHTTP2", linkerSettings: [.linkedLibrary("nghttp2")]),
    .target(name: "CCrypt", path: "Sources/CCrypt", linkerSettings: [.linkedLibrary("crypt")]),
    .target(name: "CLMDB", path: "Sources/CLMDB", linkerSettings: [.linkedLibrary("lmdb")]),
    .target(name: "CPostgreSQL", path: "Sources/CPostgreSQL", linkerSettings: [.linkedLibrary("pq")]),

    // Primitives and Shared.codecs.
    layer("SecretMemory", ["CSystem"]),
    layer("Primitives", ["CSystem"]),
    layer("JSONText", ["Primitives"]),
    layer("HCL", ["Primitives", "JSONText"]),
    layer("Cryptography", Shared.primitives + ["COpenSSL", "CCrypt"]),
    layer("OneTimePasswords", Shared.primitives + ["Cryptography"]),
    layer("QRCode", ["Primitives"]),
    layer("PostgreSQL", Shared.primitives + ["CPostgreSQL"]),
    layer("JOSE", Shared.codecs + ["Cryptography"]),
    layer("SSHKeys", Shared.primitives + ["Cryptography"]),
    layer("Logging", Shared.codecs),
    layer("Metrics", ["Primitives", "JSONText"]),

    // Contracts.
    layer("StorageAPI", ["Primitives"]),
    layer("SealAPI", Shared.codecs),
    layer("AuditAPI", Shared.codecs),
    layer("EngineAPI", Shared.codecs + ["StorageAPI"]),

    // What the roles of all auth methods have in common.
    layer("TokenParameters", Shared.engine),

    // Names that secrets engines make up.
    layer("NameTemplates", Shared.primitives + ["Cryptography"]),

    // Encryption at rest, and pure decisions.
    layer("Shamir", Shared.primitives),
    layer("Barrier", Shared.codecs + ["Cryptography", "StorageAPI"]),
    layer("AccessPolicy", Shared.codecs + ["HCL"]),
    layer("AuditChain", Shared.codecs + ["Cryptography", "AuditAPI"]),

    // State machines that the kernel drives: who may come in, and what is written down about it.
    layer("IdentityTokens", Shared.codecs + ["Cryptography", "JOSE", "AccessPolicy"]),
    layer("Tokens", Shared.codecs + ["Cryptography", "JOSE", "StorageAPI", "EngineAPI", "Logging"]),
    layer("Identity", Shared.codecs + ["StorageAPI", "EngineAPI"]),
    layer("Leases", Shared.codecs + ["StorageAPI", "EngineAPI", "Tokens", "Metrics"]),
    layer("UserLockout", ["Primitives", "JSONText"]),
    layer("LoginMFA", Shared.codecs + ["OneTimePasswords", "StorageAPI", "EngineAPI"]),
    layer("AuditTrail", Shared.codecs + ["Cryptography", "AuditAPI", "Logging", "Metrics"]),

    // Leaves.
    store("Memory"),
    store("Raft", ["CLMDB"]),
    seal("Shamir", ["Shamir"]),
    seal("Static"),
    layer("AuditConnection", path: "AuditDevices/Connection", ["Primitives", "AuditAPI"]),
    auditDevice("File", ["CSystem", "JSONText", "AuditChain"]),
    auditDevice("Socket", ["AuditConnection"]),
    auditDevice("Syslog", ["AuditConnection"]),
    auditDevice("HTTP", ["JSONText", "Client"]),
    engine("KV"),
    engine("Cubbyhole"),
    engine("Transit"),
    engine("TOTP", ["OneTimePasswords", "QRCode"]),
    engine("Database", ["PostgreSQL", "NameTemplates"]),
    engine("SSH", ["SSHKeys"]),
    authMethod("Userpass"),
    authMethod("AppRole"),

    // The kernel, and the two engines that are its own face.
    layer(
      "Kernel",
      Shared.codecs + [
        "Cryptography", "StorageAPI", "SealAPI", "AuditAPI", "EngineAPI", "Barrier", "Shamir", "AccessPolicy", "HCL",
        "Tokens", "Leases", "UserLockout", "LoginMFA", "AuditTrail", "Identity", "Logging", "Metrics",
      ]),
    layer(
      "IdentityEngine", path: "Engines/Identity",
      Shared.engine + ["Kernel", "Identity", "IdentityTokens", "JOSE", "LoginMFA", "OneTimePasswords", "QRCode"]),
    layer("TokenMethod", path: "AuthMethods/Token", Shared.engine + ["Kernel", "Tokens"]),
    layer(
      "SystemEngine", path: "Engines/System",
      Shared.engine + [
        "CSystem", "Kernel", "Tokens", "Leases", "UserLockout", "AuditTrail", "AccessPolicy", "AuditAPI", "SealAPI",
        "HCL",
        "Logging", "Metrics",
      ]),

    // Edges.
    layer("HTTPServer", ["Primitives", "CSystem", "COpenSSL", "CNGHTTP2"]),
    layer("Gateway", Shared.codecs + ["HTTPServer", "Kernel", "EngineAPI", "Logging", "Metrics"]),
    layer("ServerConfiguration", Shared.codecs + ["HCL"]),
    layer("Client", Shared.codecs + ["COpenSSL", "CSystem"]),
    layer(
      "Commands",
      Shared.codecs + ["Client", "HCL", "AccessPolicy", "Cryptography", "CSystem", "AuditAPI", "AuditChain"]),

    .executableTarget(
      name: "coffer",
      dependencies: Shared.codecs + [
        "CSystem", "Cryptography", "StorageAPI", "SealAPI", "AuditAPI", "EngineAPI", "Barrier", "AccessPolicy",
        "Logging", "Metrics",
        "MemoryStore", "RaftStore", "ShamirSeal", "StaticSeal", "FileAuditDevice", "SocketAuditDevice",
        "SyslogAuditDevice", "HTTPAuditDevice", "KVEngine", "CubbyholeEngine", "TransitEngine", "TOTPEngine",
        "DatabaseEngine", "SSHEngine", "AppRoleMethod", "UserpassMethod", "UserLockout", "Kernel",
        "TokenMethod", "SystemEngine", "IdentityEngine", "HTTPServer", "Gateway", "ServerConfiguration", "Client",
        "Commands",
      ], path: "Sources/coffer", swiftSettings: Shared.settings),

    // Measurements; Benchmarks/run builds and starts them.
    .executableTarget(
      name: "bare-route", dependencies: ["HTTPServer"], path: "Benchmarks/BareRoute", swiftSettings: Shared.settings),
    .executableTarget(
      name: "coffer-bench", dependencies: ["CSystem"], path: "Benchmarks/Load", swiftSettings: Shared.settings),

    // Tests, a target each; the first two are what tests of engines mount them with, and what runs closures on fibers.
    .target(
      name: "EngineFixture", dependencies: ["Primitives", "JSONText", "StorageAPI", "EngineAPI", "MemoryStore"],
      path: "Tests/EngineFixture", swiftSettings: Shared.settings),
    .target(
      name: "FiberFixture", dependencies: ["Primitives", "CSystem"], path: "Tests/FiberFixture",
      swiftSettings: Shared.settings),
    tests("Primitives", ["CSystem", "FiberFixture"]),
    tests("SecretMemory", []),
    tests("JSONText", ["Primitives"]),
    tests("HCL", ["Primitives", "JSONText"]),
    tests("Cryptography", ["Primitives", "SecretMemory"]),
    tests("OneTimePasswords", ["Primitives", "SecretMemory", "Cryptography"]),
    tests("QRCode", ["Primitives"]),
    tests("JOSE", ["Primitives", "SecretMemory", "JSONText", "Cryptography"]),
    tests("IdentityTokens", ["Primitives", "JSONText", "Cryptography", "JOSE", "AccessPolicy"]),
    tests("SSHKeys", ["Primitives", "SecretMemory", "Cryptography"]),
    tests("Logging", ["Primitives", "JSONText"]),
    tests("Metrics", ["Primitives", "JSONText", "FiberFixture"]),
    tests("Shamir", ["Primitives", "SecretMemory"]),
    tests("ShamirSeal", ["Primitives", "SecretMemory", "SealAPI"]),
    tests("StaticSeal", ["Primitives", "SecretMemory", "SealAPI"]),
    tests("Barrier", ["Primitives", "SecretMemory", "JSONText", "StorageAPI", "Cryptography"]),
    tests("AccessPolicy", ["Primitives", "JSONText", "HCL"]),
    tests("MemoryStore", ["Primitives", "StorageAPI"]),
    tests("RaftStore", ["Primitives", "StorageAPI", "FiberFixture"]),
    tests("NameTemplates", ["Primitives"]),
    tests("Identity", ["Primitives", "JSONText", "StorageAPI", "EngineAPI", "MemoryStore"]),
    tests(
      "Tokens",
      ["Primitives", "SecretMemory", "JSONText", "StorageAPI", "EngineAPI", "MemoryStore", "Cryptography", "Logging"]),
    tests("Leases", ["Primitives", "JSONText", "StorageAPI", "EngineAPI", "MemoryStore", "Tokens", "Metrics"]),
    tests(
      "AuditTrail",
      ["Primitives", "SecretMemory", "JSONText", "AuditAPI", "Cryptography", "Logging", "Metrics", "FiberFixture"]),
    tests("EngineAPI", ["EngineFixture"]),
    tests("KVEngine", ["Primitives", "JSONText", "StorageAPI", "EngineAPI"]),
    tests("TokenParameters", ["Primitives", "JSONText", "EngineAPI"]),
    tests(
      "UserpassMethod",
      ["Primitives", "JSONText", "StorageAPI", "EngineAPI", "EngineFixture", "SecretMemory", "Cryptography"]),
    tests("AppRoleMethod", ["Primitives", "JSONText", "StorageAPI", "EngineAPI", "EngineFixture"]),
    tests("UserLockout", ["Primitives", "JSONText"]),
    tests(
      "LoginMFA",
      ["Primitives", "SecretMemory", "JSONText", "OneTimePasswords", "StorageAPI", "EngineAPI", "MemoryStore"]),
    tests("CubbyholeEngine", ["Primitives", "JSONText", "StorageAPI", "EngineAPI"]),
    tests(
      "TransitEngine",
      ["Primitives", "SecretMemory", "JSONText", "Cryptography", "StorageAPI", "EngineAPI"]),
    tests(
      "TOTPEngine",
      ["Primitives", "JSONText", "StorageAPI", "EngineAPI", "EngineFixture", "MemoryStore", "OneTimePasswords"]),
    tests(
      "DatabaseEngine",
      [
        "Primitives", "SecretMemory", "JSONText", "Cryptography", "StorageAPI", "EngineAPI", "MemoryStore",
        "PostgreSQL",
      ]),
    tests(
      "SSHEngine",
      [
        "Primitives", "SecretMemory", "JSONText", "Cryptography", "SSHKeys", "StorageAPI", "EngineAPI", "EngineFixture",
      ]),
    tests(
      "Kernel",
      [
        "Primitives", "SecretMemory", "JSONText", "StorageAPI", "EngineAPI", "AuditAPI", "SealAPI", "MemoryStore",
        "KVEngine", "CubbyholeEngine", "TokenMethod", "SystemEngine", "IdentityEngine", "ShamirSeal", "AccessPolicy",
        "Barrier", "Tokens", "UserLockout", "OneTimePasswords", "AuditTrail", "Logging", "Metrics",
      ]),
    tests(
      "Gateway",
      [
        "Primitives", "SecretMemory", "JSONText", "EngineAPI", "HTTPServer", "Kernel", "MemoryStore", "KVEngine",
        "CubbyholeEngine", "TokenMethod", "SystemEngine", "IdentityEngine", "ShamirSeal", "Logging", "Metrics",
      ]),
    tests("HTTPServer", ["Primitives", "CSystem"]),
    tests("ServerConfiguration", ["HCL", "Primitives", "JSONText"]),
    tests("Client", ["Primitives", "JSONText", "SecretMemory"]),
    tests("Commands", ["Primitives", "JSONText", "Client", "AuditChain", "AuditAPI"]),
    tests("FileAuditDevice", ["Primitives", "SecretMemory", "AuditAPI", "JSONText", "AuditChain"]),
    tests("AuditChain", ["Primitives", "SecretMemory", "AuditAPI", "JSONText"]),
    tests("SocketAuditDevice", ["Primitives", "AuditAPI"]),
    tests("SyslogAuditDevice", ["Primitives", "AuditAPI"]),
    tests("HTTPAuditDevice", ["Primitives", "AuditAPI"]),
  ]
)
