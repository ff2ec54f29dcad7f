internal import Metrics

/// How long entries took and how many failed, of one device or of all together.
final class EntryMeters: Sendable {
  /// Of what there are entries.
  struct Kinds: OptionSet {
    let rawValue: Int
    static let request = Kinds(rawValue: 1)
    static let response = Kinds(rawValue: 2)
  }

  private let requests: Summary
  private let responses: Summary
  private let requestFailures: Counter
  private let responseFailures: Counter

  init(requests: Summary, responses: Summary, requestFailures: Counter, responseFailures: Counter) {
    self.requests = requests
    self.responses = responses
    self.requestFailures = requestFailures
    self.responseFailures = responseFailures
  }

  /// Entries that were written together count as each of their kinds.
  func note(_ kinds: Kinds, milliseconds: Double, failed: Bool) {
    if kinds.contains(.request) {
      requests.observe(milliseconds: milliseconds)
      if failed { requestFailures.increment() }
    }
    if kinds.contains(.response) {
      responses.observe(milliseconds: milliseconds)
      if failed { responseFailures.increment() }
    }
  }
}
