internal import EngineAPI
internal import Primitives

extension MountedEngine.BoundRoute {
  private static let promptBytes = 64 << 10

  /// Runs the handler on the fiber of its request where it is quick, or else on a thread: how much there is to list nobody knows before, and
  /// large bodies hold many things to do.
  func run(_ call: Call, bodyBytes: Int) throws -> Reply {
    let isPrompt = traits.contains(.prompt) && call.operation != .list && bodyBytes <= Self.promptBytes
    return isPrompt ? try run(call) : try Blocking.run { try run(call) }
  }
}
