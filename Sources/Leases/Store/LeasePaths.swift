internal import Primitives

/// Where leases lie in storage, all below `sys/lease/`. A lease's name is the last part of its id, which no other has.
///
/// | key | holds |
/// |---|---|
/// | `id/<lease id>` | the lease's record |
/// | `due/<hour>/<name>` | when something is to be done about the lease, and its id |
/// | `holder/<token>/<name>` | the id of a lease that ends with the token |
/// | `ended/<token>` | that the token is gone and its leases are to go |
/// | `irrevocable/<name>` | the id of a lease that could not be revoked |
enum LeasePaths {
  static let root = "sys/lease/"
  static let leases = root + "id/"
  static let due = root + "due/"
  static let holders = root + "holder/"
  static let ended = root + "ended/"
  static let irrevocable = root + "irrevocable/"

  static func lease(_ id: String) -> String { leases + id }
  static func holder(_ holder: String) -> String { holders + holder + "/" }
  static func due(_ name: String, at time: Timestamp) -> String { due + hourName(hour(time)) + "/" + name }

  /// Hours since the epoch.
  static func hour(_ time: Timestamp) -> Int64 { max(0, time.seconds) / 3600 }
  static func start(ofHour hour: Int64) -> Timestamp { Timestamp(seconds: hour &* 3600) }
  private static func hourName(_ hour: Int64) -> String {
    let digits = String(hour)
    return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
  }

  /// The value of keys that say all there is to say by being there.
  static let mark: [UInt8] = [1]
}

/// What stands in the queue of what is due: a time and a lease.
struct DueEntry {
  var time: Timestamp
  var id: String

  init(time: Timestamp, id: String) {
    self.time = time
    self.id = id
  }

  init?(_ bytes: [UInt8]) {
    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
      let time = Int64(String(decoding: bytes[..<end], as: UTF8.self))
    else { return nil }
    self.time = Timestamp(nanoseconds: time)
    id = String(decoding: bytes[(end + 1)...], as: UTF8.self)
  }

  var bytes: [UInt8] { Array("\(time.nanoseconds)\n\(id)".utf8) }
}
