package import EngineAPI
internal import JSONText
internal import StorageAPI

/// Key-value secrets: version 1 keeps one value per key, version 2 keeps a history of each.
package enum KV {
  /// Mounted as `kv`; the mount option `version` is `1` (also where it is absent) or `2`.
  ///
  /// When `tune` raises the option to `2`, the kernel calls `tuned` of the engine that is mounted, then makes the
  /// engine anew: the two versions have routes of their own.
  package static let type = EngineType(
    name: "kv", mountClass: .secret, version: "v1.0.0+builtin.coffer"
  ) { context in
    let version = context.settings().options["version"] ?? "1"
    switch version {
    case "1": return MountedEngine(PlainSecrets(context: context))
    case "2": return MountedEngine(VersionedSecrets(context: context))
    default: throw EngineError.invalid("invalid version provided: \(version)")
    }
  }
}

/// Texts that several endpoints answer.
enum KVError {
  static let upgrading = EngineError.invalid(
    "Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will "
      + "resume service shortly.")
  static let trailingSlash = EngineError.invalid("cannot write to a path ending in '/'")
  static let relativePath = EngineError.invalid("relative paths not supported")
  static let numberOutOfRange = EngineError.invalid("a number is beyond the range of a 64-bit float")
  static let damaged = StoreError.damaged("a key-value record cannot be read: restore it from a snapshot")
}

/// Where a list begins and ends, for clients that page.
enum ListFields {
  static let after = Field.string("after", "Begin the list after this name.")
  static let limit = Field.int("limit", "List at most this many names; 0 is all of them.")

  static func page(_ call: Call) throws -> (after: String?, limit: Int) {
    let after = try call[Self.after] ?? ""
    let limit = try call[Self.limit] ?? 0
    return (after.isEmpty ? nil : after, limit > 0 ? Int(clamping: limit) : .max)
  }

  /// The folder that a list's path names: empty, or with a slash at its end.
  static func folder(_ path: String) -> String {
    path.isEmpty || path.utf8.last == UInt8(ascii: "/") ? path : path + "/"
  }
}
