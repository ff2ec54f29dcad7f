internal import Glibc
internal import HTTPServer
internal import Kernel
internal import Metrics
internal import Primitives
internal import StorageAPI

/// Every ten seconds: brings what the process knows of itself into the metrics, keeps up the barrier's keys and gives back
/// memory that is not needed.
final class ProcessUpkeep: Sendable {
  private static let interval = TimeSpan.seconds(10)

  private let metrics: MetricsRegistry
  private let server: HTTPServer
  private let node: Node
  private let store: any PhysicalStore
  private let stopped = Monitored(false)
  private let thread = Locked<BackgroundThread?>(nil)

  init(metrics: MetricsRegistry, server: HTTPServer, node: Node, store: any PhysicalStore) {
    self.metrics = metrics
    self.server = server
    self.node = node
    self.store = store
  }

  func start() {
    thread.withLock {
      $0 = BackgroundThread { [self] in
        while stopped.wait(atMost: Self.interval, until: { $0 ? true : nil }) == nil {
          update()
          node.maintain()
          store.trim()
          ProcessMemory.trim()
        }
      }
    }
  }

  func stop() {
    stopped.update { $0 = true }
    thread.withLock { $0 }?.join()
  }

  private func update() {
    let statistics = server.statistics
    metrics.gauge("vault.http.connections").set(Double(statistics.openConnections))
    metrics.gauge("vault.http.workers").set(Double(statistics.workers))
    metrics.gauge("vault.core.in_flight_requests").set(Double(statistics.busyWorkers))
    metrics.gauge("vault.runtime.sys_bytes").set(Double(Self.residentBytes()))
  }

  /// From /proc/self/statm (proc_pid_statm(5)); 0 where it cannot be read.
  private static func residentBytes() -> UInt64 {
    let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 128)
    let count = read(descriptor, &buffer, buffer.count)
    guard count > 0 else { return 0 }
    let fields = String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: " ")
    guard fields.count > 1, let pages = UInt64(fields[1]) else { return 0 }
    return pages &* UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
  }
}
