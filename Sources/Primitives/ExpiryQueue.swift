/// What ends when: a heap ordered by time, with at most one time per key. A plain state machine without clock or
/// thread.
package struct ExpiryQueue: Sendable {
  private struct Item: Sendable {
    let time: Timestamp
    let key: String
  }

  // The heap may hold times that were replaced since; `times` says which ones count.
  private var heap: [Item] = []
  private var times: [String: Timestamp] = [:]

  package init() {}

  package var count: Int { times.count }

  /// The earliest time of all.
  package mutating func next() -> Timestamp? {
    dropStale()
    return heap.first?.time
  }

  package func time(of key: String) -> Timestamp? { times[key] }

  /// Replaces the key's earlier time, if it had one.
  package mutating func schedule(_ key: String, at time: Timestamp) {
    if times[key] == time { return }
    times[key] = time
    push(Item(time: time, key: key))
    if heap.count > 64 && heap.count > times.count * 2 { rebuild() }
  }

  package mutating func cancel(_ key: String) { times[key] = nil }

  /// Takes out at most `limit` keys whose time has come, earliest first.
  package mutating func takeDue(_ now: Timestamp, limit: Int) -> [String] {
    var due: [String] = []
    while due.count < limit {
      dropStale()
      guard let first = heap.first, first.time <= now else { break }
      times[first.key] = nil
      pop()
      due.append(first.key)
    }
    return due
  }

  private mutating func dropStale() { while let first = heap.first, times[first.key] != first.time { pop() } }

  private mutating func rebuild() {
    heap = times.map { Item(time: $0.value, key: $0.key) }.sorted { $0.time < $1.time }
  }

  private mutating func push(_ item: Item) {
    heap.append(item)
    var at = heap.count - 1
    while at > 0 {
      let up = (at - 1) / 2
      if heap[up].time <= heap[at].time { break }
      heap.swapAt(up, at)
      at = up
    }
  }

  private mutating func pop() {
    guard heap.count > 1 else {
      heap.removeAll(keepingCapacity: true)
      return
    }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var at = 0
    while true {
      var least = at
      for down in [2 * at + 1, 2 * at + 2] where down < heap.count && heap[down].time < heap[least].time {
        least = down
      }
      if least == at { return }
      heap.swapAt(at, least)
      at = least
    }
  }
}
