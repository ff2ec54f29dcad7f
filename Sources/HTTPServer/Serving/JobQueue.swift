internal import CSystem
internal import Glibc
internal import Primitives

/// Work for any worker that does not come from the kernel. The descriptor can be read once for each job.
final class JobQueue: Sendable {
  enum Job: Sendable {
    /// Serve this connection, unless somebody does already.
    case resume(token: UInt64)
    case answer(HTTP2Job)
  }

  /// Those that came since the last turn-over, and the ones before them in reverse.
  private struct Jobs {
    var incoming: [Job] = []
    var outgoing: [Job] = []
  }

  private let jobs = Locked(Jobs())
  let descriptor: Int32

  init?() {
    descriptor = eventfd(0, Int32(EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC))
    if descriptor < 0 { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func push(_ job: Job) {
    jobs.withLock { $0.incoming.append(job) }
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  func pop() -> Job? {
    var count: UInt64 = 0
    guard read(descriptor, &count, 8) == 8 else { return nil }
    return jobs.withLock { jobs in
      if jobs.outgoing.isEmpty {
        jobs.outgoing = jobs.incoming.reversed()
        jobs.incoming.removeAll(keepingCapacity: jobs.incoming.count < 1024)
      }
      return jobs.outgoing.popLast()
    }
  }
}

/// A request of an HTTP/2 stream on its way to the handler.
struct HTTP2Job: Sendable {
  let token: UInt64
  let session: HTTP2Session
  let stream: Int32
  let request: HTTPRequest
}
