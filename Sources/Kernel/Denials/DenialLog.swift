internal import Primitives

/// The last requests that were answered with 403. Those without a good token have a place of their own, so that
/// whoever has none cannot push out the others.
package final class DenialLog: Sendable {
  private struct Ring {
    let capacity: Int
    var entries: [Denial] = []
    var next = 0

    mutating func add(_ denial: Denial) {
      if entries.count < capacity {
        entries.append(denial)
      } else if entries.indices.contains(next) {
        entries[next] = denial
        next = (next + 1) % capacity
      }
    }
  }

  /// Paths and names are cut there, so that the whole stays small.
  static let longestText = 1024

  private let known: Locked<Ring>
  private let unknown: Locked<Ring>

  init(capacity: Int = 1024, ofUnknown: Int = 256) {
    known = Locked(Ring(capacity: capacity))
    unknown = Locked(Ring(capacity: ofUnknown))
  }

  func add(_ denial: Denial) { (denial.isOfKnownCaller ? known : unknown).withLock { $0.add(denial) } }

  /// Nil where there was none of that request, or it is too long ago.
  package func denial(_ id: String) -> Denial? {
    for ring in [known, unknown] {
      if let found = ring.withLock({ $0.entries.first { $0.id == id } }) { return found }
    }
    return nil
  }

  /// The latest first.
  package var all: [Denial] {
    (known.withLock { $0.entries } + unknown.withLock { $0.entries }).sorted { $0.time > $1.time }
  }
}
