internal import Primitives

/// Where tokens lie in storage, all below `sys/token/`.
///
/// | key | holds |
/// |---|---|
/// | `keys` | the salt of the digests and the key of batch tokens |
/// | `id/<key>` | the token's record; `<key>` is a digest of its text |
/// | `accessor/<digest>` | the token's key and its accessor |
/// | `child/<parent's key>/<key>` | that the token ends with its parent |
/// | `expiry/<hour>/<key>` | when the token ends |
/// | `path/<path>/<key>` | that the token came from that API path |
/// | `revoke/<key>` | that the token and all below it are to go, though the work was interrupted |
enum TokenPaths {
  static let root = "sys/token/"
  static let keys = root + "keys"
  static let tokens = root + "id/"
  static let accessors = root + "accessor/"
  static let expiry = root + "expiry/"
  static let revocations = root + "revoke/"
  static let origins = root + "path/"

  static func token(_ key: String) -> String { tokens + key }
  static func accessor(_ digest: String) -> String { accessors + digest }
  static func children(_ key: String) -> String { root + "child/" + key + "/" }
  static func revocation(_ key: String) -> String { revocations + key }
  static func expiry(_ bucket: Int64) -> String { expiry + bucketName(bucket) + "/" }
  static func expiry(_ key: String, at time: Timestamp) -> String { expiry(bucket(time)) + key }

  /// The tokens that came from a path, or from those below it. Long paths share the folder of their beginning, so that
  /// keys stay short.
  static func origin(_ path: String) -> String {
    let slash = UInt8(ascii: "/")
    var folder = Array(origins.utf8)
    for part in path.utf8.split(separator: slash) {
      if folder.count + part.count > 2000 { break }
      folder += part
      folder.append(slash)
    }
    return String(decoding: folder, as: UTF8.self)
  }

  /// Hours since the epoch.
  static func bucket(_ time: Timestamp) -> Int64 { max(0, time.seconds) / 3600 }
  static func bucketStart(_ bucket: Int64) -> Timestamp { Timestamp(seconds: bucket &* 3600) }
  static func bucketName(_ bucket: Int64) -> String {
    let digits = String(bucket)
    return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
  }
}
