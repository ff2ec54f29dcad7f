/// A value that one at a time may use, in the order in which they come, for as long as it takes. `Locked` is for moments; with this one may wait
/// meanwhile, as for the store: fibers that want their turn leave their carriers to others.
package final class Serial<Value>: @unchecked Sendable {
  // Unchecked because the turn is the only way to the value.
  private struct Line {
    var isTaken = false
    var waiting: [Latch] = []
  }

  private let line = Locked(Line())
  /// Whose turn it is sees to what the language would check anew at each access.
  @exclusivity(unchecked)
  private var value: Value

  package init(_ value: Value) { self.value = value }

  /// Must not be called by whoever has the turn.
  package func withTurn<R, E: Error>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
    take()
    defer { giveBack() }
    return try body(&value)
  }

  private func take() {
    let place = line.withLock { line -> Latch? in
      if !line.isTaken {
        line.isTaken = true
        return nil
      }
      let latch = Latch()
      line.waiting.append(latch)
      return latch
    }
    place?.wait()
  }

  private func giveBack() {
    let next = line.withLock { line -> Latch? in
      if line.waiting.isEmpty {
        line.isTaken = false
        return nil
      }
      return line.waiting.removeFirst()
    }
    next?.open()
  }
}
