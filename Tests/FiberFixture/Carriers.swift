internal import CSystem
internal import Glibc
internal import Primitives

/// Carriers that run closures, each on a fiber.
package final class Carriers: Sendable {
  package struct NoThread: Error {}

  private final class Runner: FiberWorker {
    let carriers: Carriers
    init(_ carriers: Carriers) { self.carriers = carriers }

    func serve(_ event: CarrierEvent) {
      var count: UInt64 = 0
      guard read(carriers.bell, &count, 8) == 8 else { return }
      carriers.jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }?()
    }
  }

  private let epoll = epoll_create1(0)
  private let bell = eventfd(0, Int32(EFD_SEMAPHORE | EFD_NONBLOCK))
  private let jobs = Locked<[@Sendable () -> Void]>([])
  private let threads = Locked<[BackgroundThread]>([])
  private let carriers = Locked<[Carrier]>([])

  package init(_ count: Int, limit: Int = 1000) throws {
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: 1))
    epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &event)
    let helpers = HelperThreads { body in
      guard let thread = BackgroundThread(body) else { return false }
      thread.detach()
      return true
    }
    for _ in 0..<count {
      let carrier = Carrier(epoll: epoll, limit: limit, helpers: helpers) { [self] in Runner(self) }
      guard let thread = BackgroundThread({ carrier.run() }) else { throw NoThread() }
      carriers.withLock { $0.append(carrier) }
      threads.withLock { $0.append(thread) }
    }
  }

  package func run(_ job: @escaping @Sendable () -> Void) {
    jobs.withLock { $0.append(job) }
    var one: UInt64 = 1
    _ = write(bell, &one, 8)
  }

  /// Runs the body on a fiber and waits for it.
  package func value<R: Sendable>(_ body: @escaping @Sendable () -> R) -> R? {
    let result = Monitored<R?>(nil)
    run {
      let value = body()
      result.update { $0 = value }
    }
    return result.wait(atMost: .seconds(20)) { $0 }
  }

  package var fibers: Int { carriers.withLock { $0.reduce(0) { $0 + $1.counts.fibers } } }

  package func shrink() { for carrier in carriers.withLock({ $0 }) { carrier.shrink() } }

  /// Returns when everything that was begun has ended.
  package func stop() {
    for carrier in carriers.withLock({ $0 }) { carrier.stop() }
    for thread in threads.withLock({ $0 }) { thread.join() }
    carriers.withLock { $0 = [] }
    close(epoll)
    close(bell)
  }
}
