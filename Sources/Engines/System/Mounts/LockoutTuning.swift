internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives

/// `user_lockout_config` of an auth method: when failing logins lock a user out.
enum LockoutTuning {
  private static let threshold = Field.int("lockout_threshold", "Failing logins that lock a user out.")
  private static let duration = Field.duration("lockout_duration", "How long a user stays locked out.")
  private static let counterReset = Field.duration(
    "lockout_counter_reset_duration", "After how long without a failing login counting starts anew.")
  private static let disable = Field.bool("lockout_disable", "Nobody is locked out.")

  /// Sets what `changes` has and keeps the rest.
  static func apply(_ changes: JSONObject, to entry: inout MountEntry) throws(EngineError) {
    if changes.members.isEmpty { return }
    guard changes.members.allSatisfy({ isOfItsKind($0.name, $0.value) }) else {
      throw .invalid("unable to convert given user lockout config information")
    }
    guard ["ldap", "approle", "userpass"].contains(entry.type) else {
      throw .invalid("tuning of user lockout configuration for auth type \"\(entry.type)\" not allowed")
    }
    var settings = entry.configuration.userLockout ?? [:]
    if let raw = changes[threshold.name], raw != .string("") {
      let text = raw.stringValue ?? raw.numberValue?.text ?? ""
      guard let value = Int64(text), value >= 0 else {
        throw .invalid(
          "unable to parse user lockout threshold: strconv.ParseUint: parsing \"\(text)\": invalid syntax")
      }
      settings[threshold.name] = .int(value)
    }
    for field in [duration, counterReset] {
      guard let raw = changes[field.name], raw != .string("") else { continue }
      settings[field.name] = .int(try time(raw).seconds)
    }
    if let value = changes[disable.name]?.boolValue { settings[disable.name] = .bool(value) }
    entry.configuration.userLockout = settings
  }

  /// The settings by the names that answers have; what was never set is zero.
  static func shown(_ settings: JSONObject) -> JSONObject {
    func seconds(_ field: Field<TimeSpan>) -> JSONValue {
      .int((settings[field.name].flatMap { raw in try? Coercion.duration(raw) } ?? .zero).seconds)
    }
    let count = settings[threshold.name].flatMap { raw in try? Coercion.int(raw) } ?? 0
    let isOff = settings[disable.name].flatMap { raw in try? Coercion.bool(raw) } ?? false
    return [
      "user_lockout_counter_reset_duration": seconds(counterReset), "user_lockout_disable": .bool(isOff),
      "user_lockout_duration": seconds(duration), "user_lockout_threshold": .int(count),
    ]
  }

  private static func isOfItsKind(_ name: String, _ value: JSONValue) -> Bool {
    if value.isNull { return true }
    return switch name {
    case disable.name: value.boolValue != nil
    case threshold.name, duration.name, counterReset.name: value.stringValue != nil || value.numberValue != nil
    default: true
    }
  }

  private static func time(_ raw: JSONValue) throws(EngineError) -> TimeSpan {
    if raw.stringValue == "system" { return .zero }
    let span: TimeSpan
    do throws(FieldMismatch) { span = try Coercion.duration(raw) } catch { throw .invalid(error.reason) }
    guard span >= .zero else { throw .invalid("times of a user lockout must not be negative") }
    return span
  }
}
