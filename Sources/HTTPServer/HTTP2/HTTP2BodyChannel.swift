internal import Primitives

/// Between the thread that makes a streamed answer and the connection that sends it: a little room, so that the thread
/// waits for a slow client and the connection for nobody.
final class HTTP2BodyChannel: HTTPBodyWriter, Sendable {
  enum Taken {
    case bytes(Int, isLast: Bool)
    case none
    case failed
  }

  private struct State {
    var bytes: [UInt8] = []
    var taken = 0
    var isFinished = false
    var hasFailed = false
    /// The client has gone or does not want the answer any more.
    var isClosed = false
  }

  private let state = Monitored(State())
  private let reactor: Reactor
  /// How long the client may take before there is room again.
  private let patience: TimeSpan
  private let token: UInt64
  private let session: HTTP2Session
  private let stream: Int32

  private static let room = 64 << 10

  init(reactor: Reactor, patience: TimeSpan, token: UInt64, session: HTTP2Session, stream: Int32) {
    self.reactor = reactor
    self.patience = patience
    self.token = token
    self.session = session
    self.stream = stream
  }

  // MARK: The stream's thread

  func run(_ body: (any HTTPBodyWriter) throws -> Void) {
    do {
      try body(self)
      state.update { $0.isFinished = true }
    } catch {
      state.update { $0.hasFailed = true }
    }
    wakeConnection()
  }

  var isOpen: Bool { !state.withLock { $0.isClosed } && !reactor.isStopping }

  func write(_ bytes: [UInt8]) throws {
    if bytes.isEmpty { return }
    let isTaken = state.wait(atMost: patience > .zero ? patience : nil) { state -> Bool? in
      if state.isClosed { return false }
      guard state.bytes.count - state.taken < Self.room else { return nil }
      state.bytes.append(contentsOf: bytes)
      return true
    }
    guard isTaken == true else { throw HTTPStreamClosed() }
    wakeConnection()
  }

  private func wakeConnection() {
    session.deliver(.more(stream))
    reactor.jobs.push(.resume(token: token))
  }

  // MARK: The connection's owner

  var hasBytes: Bool { state.withLock { $0.bytes.count > $0.taken } }

  func take(into buffer: UnsafeMutableRawBufferPointer) -> Taken {
    state.update { state in
      let count = min(buffer.count, state.bytes.count - state.taken)
      if count == 0 {
        if state.hasFailed { return .failed }
        return state.isFinished ? .bytes(0, isLast: true) : .none
      }
      state.bytes.withUnsafeBytes { bytes in
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[state.taken..<state.taken + count]))
      }
      state.taken += count
      if state.taken == state.bytes.count {
        state.bytes.removeAll(keepingCapacity: state.bytes.capacity <= 2 * Self.room)
        state.taken = 0
      }
      return .bytes(count, isLast: state.bytes.isEmpty && state.isFinished && !state.hasFailed)
    }
  }

  func close() { state.update { $0.isClosed = true } }
}
