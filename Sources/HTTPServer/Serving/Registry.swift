internal import CSystem
internal import Glibc
internal import Primitives

/// The open connections and who owns each: a connection is either parked, or claimed by exactly one thread.
///
/// What happens to a claimed connection meanwhile is noted and given to its owner when it wants to park it, so nothing has
/// to be armed again in the kernel for each request. Places are file descriptors; a generation tells successive
/// connections of one descriptor apart.
final class Registry: @unchecked Sendable {
  // Unchecked because the mutex guards all state; a mutex of its own instead of `Locked`, since every request comes by here.

  enum Release {
    case parked
    /// Still owned: these events came in the meantime.
    case events(UInt32)
    /// Still owned: all connections together hold more bytes than they may, and this one is among the large ones.
    case overBudget
    /// Still owned: the server stops and the connection is idle.
    case stopping
  }

  struct Parking {
    /// In monotonic nanoseconds.
    var deadline: UInt64
    /// Between requests, so that nobody misses it.
    var isIdle: Bool
    var bufferedBytes: Int
  }

  private struct Slot {
    var connection: Connection?
    var generation: UInt32 = 0
    var isOwned = false
    var noted: UInt32 = 0
    var parking = Parking(deadline: .max, isIdle: false, bufferedBytes: 0)
  }

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var slots: [Slot] = []
  private var statistics = ServerStatistics()
  private var isStopping = false
  private let maxBufferedBytes: Int
  private let maxStreams: Int
  /// Set when the server stops and the last connection has gone.
  private let emptied = Monitored(false)

  init(limits: ServerLimits) {
    maxBufferedBytes = limits.maxBufferedBytes
    maxStreams = limits.maxStreams
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  private func locked<R>(_ body: () -> R) -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  // MARK: Connections

  /// Gives a new connection its token and adds what `make` returns, owned by the caller.
  func add(descriptor: Int32, _ make: (_ token: UInt64) -> Connection?) -> Connection? {
    let place = Int(descriptor)
    let token = locked { () -> UInt64 in
      while slots.count <= place { slots.append(Slot()) }
      // The two highest generations mark what is not a connection.
      slots[place].generation = (slots[place].generation &+ 1) & 0x7FFF_FFFF
      return UInt64(slots[place].generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
    }
    guard let connection = make(token) else { return nil }
    locked {
      slots[place].connection = connection
      slots[place].isOwned = true
      slots[place].noted = 0
      slots[place].parking = Parking(deadline: .max, isIdle: false, bufferedBytes: 0)
      statistics.openConnections += 1
      statistics.acceptedConnections += 1
    }
    return connection
  }

  /// The connection if it was parked; otherwise the events are noted for its owner.
  func claim(_ token: UInt64, events: UInt32) -> Connection? {
    locked {
      guard let place = place(of: token) else { return nil }
      if slots[place].isOwned {
        slots[place].noted |= events
        return nil
      }
      slots[place].isOwned = true
      return slots[place].connection
    }
  }

  func release(_ token: UInt64, _ parking: Parking, served: Int, failed: Int) -> Release {
    locked {
      statistics.requests &+= UInt64(served)
      statistics.failures &+= UInt64(failed)
      guard let place = place(of: token) else { return .parked }
      statistics.bufferedBytes += parking.bufferedBytes - slots[place].parking.bufferedBytes
      slots[place].parking = parking
      let noted = slots[place].noted
      if noted != 0 {
        slots[place].noted = 0
        return .events(noted)
      }
      if statistics.bufferedBytes > maxBufferedBytes, parking.bufferedBytes > 64 << 10 { return .overBudget }
      if isStopping, parking.isIdle { return .stopping }
      slots[place].isOwned = false
      return .parked
    }
  }

  /// Parks without conditions; whoever calls sees to it that the connection is claimed again soon.
  func handBack(_ token: UInt64) {
    locked {
      guard let place = place(of: token) else { return }
      slots[place].isOwned = false
      slots[place].parking.deadline = .max
      slots[place].parking.isIdle = false
    }
  }

  /// What has been noted so far, for an owner that keeps the connection for long.
  func noted(_ token: UInt64) -> UInt32 {
    locked { place(of: token).map { slots[$0].noted } ?? UInt32.max }
  }

  func remove(_ token: UInt64, served: Int, failed: Int) {
    let last = locked { () -> Bool in
      statistics.requests &+= UInt64(served)
      statistics.failures &+= UInt64(failed)
      guard let place = place(of: token) else { return false }
      statistics.bufferedBytes -= slots[place].parking.bufferedBytes
      slots[place].connection = nil
      slots[place].isOwned = false
      slots[place].parking.bufferedBytes = 0
      statistics.openConnections -= 1
      return isStopping && statistics.openConnections == 0
    }
    if last { emptied.update { $0 = true } }
  }

  /// Claims the parked connections whose time is up.
  func claimExpired(now: UInt64) -> [Connection] {
    claimParked { $0.deadline <= now }
  }

  /// Claims every parked connection.
  func claimAll() -> [Connection] { claimParked { _ in true } }

  private func claimParked(where wanted: (Parking) -> Bool) -> [Connection] {
    locked {
      var claimed: [Connection] = []
      for place in slots.indices where !slots[place].isOwned && wanted(slots[place].parking) {
        guard let connection = slots[place].connection else { continue }
        slots[place].isOwned = true
        claimed.append(connection)
      }
      return claimed
    }
  }

  enum Admission {
    case welcome
    /// Claimed: to be closed in favour of a new one.
    case inPlaceOf(Connection)
    case full
  }

  func admit(limit: Int) -> Admission {
    locked {
      guard statistics.openConnections >= limit else { return .welcome }
      var best: Int?
      for place in slots.indices
      where slots[place].connection != nil && !slots[place].isOwned && slots[place].parking.isIdle {
        guard let other = best, slots[other].parking.deadline <= slots[place].parking.deadline else {
          best = place
          continue
        }
      }
      guard let best, let connection = slots[best].connection else {
        statistics.refusedConnections += 1
        return .full
      }
      slots[best].isOwned = true
      return .inPlaceOf(connection)
    }
  }

  /// Cuts the sockets of all connections, whoever owns them, so that nobody waits for a client any more.
  func cutAll() {
    locked {
      for place in slots.indices where slots[place].connection != nil { shutdown(Int32(place), Int32(SHUT_RDWR)) }
    }
  }

  func stop() {
    let empty = locked { () -> Bool in
      isStopping = true
      return statistics.openConnections == 0
    }
    if empty { emptied.update { $0 = true } }
  }

  /// Waits until the last connection has gone; false when it has not by then.
  func waitUntilEmpty(atMost timeout: TimeSpan) -> Bool {
    emptied.wait(atMost: timeout) { $0 ? true : nil } ?? false
  }

  private func place(of token: UInt64) -> Int? {
    let place = Int(token & 0xFFFF_FFFF)
    guard place < slots.count, UInt64(slots[place].generation) == token >> 32, slots[place].connection != nil
    else { return nil }
    return place
  }

  // MARK: Streams

  var snapshot: ServerStatistics { locked { statistics } }

  func streamStarts() -> Bool {
    locked {
      guard statistics.streams < maxStreams else { return false }
      statistics.streams += 1
      return true
    }
  }

  func streamEnds() { locked { statistics.streams -= 1 } }
}
