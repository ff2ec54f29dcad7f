internal import Primitives

/// What is to be done about leases and who is at it. A plain state machine without clock or thread.
struct LeaseWork: Sendable {
  enum Task: Equatable {
    case revoke(String)
    /// Read what is due up to and with that hour.
    case load(Int64)
    /// End what tokens held that are gone.
    case endHeld
    case count
  }

  enum Step: Equatable {
    case task(Task)
    case sleep(until: Timestamp)
    case stop
  }

  private struct Lane {
    var running = 0
    var waiting: ArraySlice<String> = []
  }

  /// How many workers may be at the leases of one mount, so that one that hangs does not stop the others.
  static let laneWidth = 4
  static let workers = 8
  static let countingPeriod = TimeSpan.minutes(10)
  private static let retryAfter = TimeSpan.seconds(5)
  private static let atOnce = Timestamp(nanoseconds: .min)

  private var queue = ExpiryQueue()
  /// Leases due up to and with this hour are in the queue; later ones are in storage only.
  private(set) var loadedThrough: Int64 = -1
  private var isLoading = false
  private var loadNotBefore = atOnce
  /// Tokens may be gone whose leases are not.
  private var mayHaveHeld = true
  private var isEndingHeld = false
  private var endHeldNotBefore = atOnce
  private var countNotBefore = atOnce
  private var lanes: [String: Lane] = [:]
  private var busy: Set<String> = []
  /// Threads that have not ended.
  var threads = 0
  var isStopping = false
  /// Grows when a worker has to look sooner than it meant to.
  private(set) var calls: UInt64 = 0

  var queued: Int { queue.count }

  // MARK: What to do

  mutating func next(_ now: Timestamp) -> Step {
    if isStopping { return .stop }
    if let task = upkeep(now) { return .task(task) }
    if let id = queue.takeDue(now, limit: 1).first { return .task(.revoke(id)) }
    if countNotBefore <= now {
      countNotBefore = now + Self.countingPeriod
      return .task(.count)
    }
    var times = [countNotBefore]
    if let time = queue.next() { times.append(time) }
    if !isLoading { times.append(max(loadNotBefore, LeasePaths.start(ofHour: loadedThrough))) }
    if mayHaveHeld && !isEndingHeld { times.append(endHeldNotBefore) }
    return .sleep(until: times.min() ?? countNotBefore)
  }

  /// What goes before every single lease.
  mutating func upkeep(_ now: Timestamp) -> Task? {
    if mayHaveHeld && !isEndingHeld && endHeldNotBefore <= now {
      mayHaveHeld = false
      isEndingHeld = true
      return .endHeld
    }
    let hour = LeasePaths.hour(now) + 1
    if !isLoading && loadedThrough < hour && loadNotBefore <= now {
      isLoading = true
      return .load(hour)
    }
    return nil
  }

  // MARK: Times

  /// To be called after the commit that gave the lease that time, or took the last one away.
  mutating func schedule(_ id: String, at time: Timestamp?) {
    guard let time, LeasePaths.hour(time) <= loadedThrough else {
      queue.cancel(id)
      return
    }
    remind(id, at: time)
  }

  /// Has the lease looked at then, whatever storage says of its time.
  mutating func remind(_ id: String, at time: Timestamp) {
    let next = queue.next()
    queue.schedule(id, at: time)
    if next.map({ time < $0 }) ?? true { calls &+= 1 }
  }

  /// As the queue in storage has it, which may be older than what is known here.
  mutating func scheduleLoaded(_ id: String, at time: Timestamp) {
    if queue.time(of: id) == nil && !busy.contains(id) { queue.schedule(id, at: time) }
  }

  mutating func retry(_ id: String, _ now: Timestamp) { remind(id, at: now + Self.retryAfter) }

  // MARK: Loading

  /// Said before storage is read: whoever writes a lease from now on schedules it, too.
  mutating func beginLoading(through hour: Int64) -> Int64 {
    defer { loadedThrough = max(loadedThrough, hour) }
    return loadedThrough
  }

  mutating func endLoading(backTo hour: Int64? = nil, _ now: Timestamp) {
    isLoading = false
    calls &+= 1
    guard let hour else { return }
    loadedThrough = hour
    loadNotBefore = now + Self.retryAfter
  }

  // MARK: Tokens that are gone

  mutating func expectHeld() {
    mayHaveHeld = true
    calls &+= 1
  }

  mutating func endedHeld(completely: Bool, _ now: Timestamp) {
    isEndingHeld = false
    calls &+= 1
    if completely { return }
    mayHaveHeld = true
    endHeldNotBefore = now + Self.retryAfter
  }

  // MARK: Who is at what

  /// True where the caller alone may change the lease from now on, until `release`.
  mutating func claim(_ id: String) -> Bool { busy.insert(id).inserted }
  mutating func release(_ id: String) { busy.remove(id) }

  /// A worker's claim, which also takes a place in the mount's lane. Where it is refused the lease comes again by
  /// itself.
  mutating func claim(_ id: String, lane name: String, _ now: Timestamp) -> Bool {
    var lane = lanes[name] ?? Lane()
    if lane.running >= Self.laneWidth {
      lane.waiting.append(id)
      lanes[name] = lane
      return false
    }
    guard busy.insert(id).inserted else {
      queue.schedule(id, at: now + .seconds(1))
      return false
    }
    lane.running += 1
    lanes[name] = lane
    return true
  }

  /// Ends a worker's claim.
  /// - Returns: the lease of the same mount that waited longest, claimed for the worker, which keeps its place in the lane. It
  ///   is not left to the queue: whoever ends it first would take it out there, and nobody would be called after it.
  mutating func release(_ id: String, lane name: String, _ now: Timestamp) -> String? {
    busy.remove(id)
    guard var lane = lanes[name] else { return nil }
    defer { lanes[name] = lane.running == 0 && lane.waiting.isEmpty ? nil : lane }
    while !isStopping, let next = lane.waiting.popFirst() {
      if busy.insert(next).inserted { return next }
      queue.schedule(next, at: now + .seconds(1))
    }
    lane.running -= 1
    return nil
  }
}
