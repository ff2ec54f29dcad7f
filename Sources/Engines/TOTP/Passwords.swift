internal import EngineAPI
internal import OneTimePasswords

extension TOTPEngine {
  func password(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard let stored = try storage.get(Self.keys + name) else { throw Self.unknown(name) }
    return .data(["code": .string(try KeyRecord.decode(stored.bytes).key.password(at: call.now))])
  }

  /// That a password was taken is written down before it counts as right, so that no race, restart or full disk lets it
  /// through twice. A wrong one writes nothing.
  func check(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    let code = try call[Fields.code] ?? ""
    if code.isEmpty { throw EngineError.invalid("the code value is required") }
    let isValid = try storage.transaction { transaction in
      guard let stored = try transaction.get(Self.keys + name) else { throw Self.unknown(name) }
      let key = try KeyRecord.decode(stored).key
      let counters = key.counters(of: code, at: call.now)
      if counters.isEmpty { return false }
      var used = try transaction.get(Self.used + name).map { try UsedCounters(record: $0) } ?? UsedCounters()
      guard used.use(counters, at: call.now, under: key.parameters) else {
        throw EngineError.invalid("code already used; wait until the next time period")
      }
      transaction.put(Self.used + name, used.record)
      return true
    }
    return .data(["valid": .bool(isValid)])
  }

  private static func unknown(_ name: String) -> EngineError { .invalid("unknown key: \(name)") }
}
