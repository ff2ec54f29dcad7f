internal import AppRoleMethod
internal import AuditAPI
internal import CubbyholeEngine
internal import DatabaseEngine
internal import EngineAPI
internal import FileAuditDevice
internal import HTTPAuditDevice
internal import IdentityEngine
internal import KVEngine
internal import SSHEngine
internal import SocketAuditDevice
internal import SyslogAuditDevice
internal import SystemEngine
internal import TOTPEngine
internal import TokenMethod
internal import TransitEngine
internal import UserpassMethod

/// What this program is put together from. A new engine, auth method or audit device is one line here and one in the manifest.
enum Parts {
  static let engines: [EngineType] = [
    // Of every node.
    SystemEngine.type,
    Cubbyhole.type,
    IdentityEngine.type,
    TokenMethod.type,

    // Secrets engines.
    Database.type,
    KV.type,
    SSH.type,
    TOTP.type,
    Transit.type,

    // Auth methods.
    AppRole.type,
    Userpass.type,
  ]

  static let auditDevices: [AuditDeviceType] = [
    FileAuditDevice.type,
    HTTPAuditDevice.type,
    SocketAuditDevice.type,
    SyslogAuditDevice.type,
  ]
}
