import EngineAPI
import JSONText
import Primitives
import Testing

@testable import Kernel

/// Random lives of mounts against a model that is too simple to be wrong.
struct MountModelTests {
  /// What one mount holds.
  private struct Model {
    var description = ""
    var secrets: [String: Int] = [:]
  }

  private static let paths = ["a", "ab", "a/b", "a/b/c", "c", "c/d"]
  private static let keys = ["x", "x/y", "z"]

  private static func lies(_ a: String, in b: String) -> Bool { a == b || a.hasPrefix(b + "/") }

  private static func isFree(_ path: String, _ mounts: [String: Model], but moved: String? = nil) -> Bool {
    mounts.keys.allSatisfy { $0 == moved || (!lies(path, in: $0) && !lies($0, in: path)) }
  }

  @Test(arguments: 1...6) func randomLivesOfMounts(seed: Int) throws {
    let world = try World(seed: UInt64(seed))
    let dice = RandomSource.seeded(UInt64(seed) &* 7919)
    func pick(_ from: [String]) -> String { from[Int(dice.below(UInt64(from.count)))] }
    var mounts: [String: Model] = [:]

    for step in 0..<150 {
      let path = pick(Self.paths)
      let key = pick(Self.keys)
      switch dice.below(12) {
      case 0, 1, 2:
        let isFree = Self.isFree(path, mounts)
        let answer = world.send(.update, "sys/mounts/\(path)", #"{"type":"kv"}"#)
        #expect(answer.status == (isFree ? 204 : 400), "step \(step): enabling \(path): \(answer.text)")
        if isFree { mounts[path] = Model() }
      case 3:
        let target = pick(Self.paths)
        let isMoved = mounts[path] != nil && path != target && Self.isFree(target, mounts, but: path)
        let answer = world.send(.update, "sys/remount", #"{"from":"\#(path)","to":"\#(target)"}"#)
        #expect(answer.status == (isMoved ? 200 : 400), "step \(step): \(path) to \(target): \(answer.text)")
        if isMoved { mounts[target] = mounts.removeValue(forKey: path) }
      case 4:
        #expect(world.send(.delete, "sys/mounts/\(path)").status == 204)
        mounts[path] = nil
      case 5:
        let answer = world.send(.update, "sys/mounts/\(path)/tune", #"{"description":"d\#(step)"}"#)
        #expect(answer.status == (mounts[path] == nil ? 400 : 204), "step \(step): tuning \(path): \(answer.text)")
        mounts[path]?.description = "d\(step)"
      case 6: try world.restart()
      case 7:
        // A path may lie in a mount that is above the one that was meant.
        let holder = mounts.keys.first { Self.lies("\(path)/\(key)", in: $0) }
        let answer = world.send(.delete, "\(path)/\(key)")
        let rest = holder.map { String("\(path)/\(key)".dropFirst($0.count + 1)) }
        if let holder, let rest, !rest.isEmpty { mounts[holder]?.secrets[rest] = nil }
        if holder == nil { #expect(answer.status == 404) }
      default:
        let full = "\(path)/\(key)"
        let holder = mounts.keys.first { Self.lies(full, in: $0) }
        let rest = holder.map { String(full.dropFirst($0.count + 1)) } ?? ""
        let answer = world.send(.update, full, #"{"v":\#(step)}"#)
        let isTaken = holder != nil && !rest.isEmpty
        #expect((answer.status == 204) == isTaken, "step \(step): writing \(full): \(answer.text)")
        if let holder, isTaken { mounts[holder]?.secrets[rest] = step }
      }
      try check(mounts, world, "seed \(seed), step \(step)")
    }
  }

  private func check(_ mounts: [String: Model], _ world: World, _ place: String) throws {
    let shown = world.send(.read, "sys/mounts").data.objectValue ?? [:]
    let builtin: Set = ["sys/", "cubbyhole/", "identity/"]
    #expect(Set(shown.names).subtracting(builtin) == Set(mounts.keys.map { $0 + "/" }), "\(place)")
    for (path, model) in mounts {
      #expect(shown[path + "/"]?["description"]?.stringValue == model.description, "\(place)")
      for (key, value) in model.secrets {
        #expect(world.send(.read, "\(path)/\(key)").data["v"]?.int64Value == Int64(value), "\(place): \(path)/\(key)")
      }
    }
    // Nothing is left of what was disabled, and nothing lies where it does not belong.
    let secrets = mounts.values.map(\.secrets.count).reduce(0, +)
    let stored = try world.disk.keys("logical/").filter { $0.contains("/s/") }
    #expect(stored.count == secrets, "\(place)")
  }
}
