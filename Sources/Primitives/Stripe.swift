internal import CSystem
internal import Glibc
internal import Synchronization

/// Which of several copies of a value is the calling thread's own.
@usableFromInline
enum Stripe {
  /// One for each processor, for carriers, and one for all other threads.
  @usableFromInline static let count = 1 + carriers
  private static let carriers = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  private static let claimed = Atomic(0)

  @usableFromInline static var own: Int { Int(coffer_stripe()) }

  /// For a thread that becomes a carrier.
  static func claim() {
    let number = claimed.wrappingAdd(1, ordering: .relaxed).oldValue % carriers
    coffer_set_stripe(Int32(1 + number))
  }
}
