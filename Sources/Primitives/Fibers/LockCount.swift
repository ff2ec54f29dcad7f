internal import CSystem

/// How many locks the calling thread holds, counted where the compiler does not optimise. A fiber must hold none when it waits: another of its carrier
/// could ask for the same.
@usableFromInline
enum LockCount {
  static var held: Int { Int(coffer_locks_held()) }

  @usableFromInline
  static func change(by change: Int) { coffer_locks_note(Int32(change)) }
}
