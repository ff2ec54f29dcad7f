internal import CSystem
internal import Glibc
internal import Primitives

/// One client's connection: what it is doing, and what it has received and not yet sent.
///
/// A turn does all that can be done without waiting for the client.
final class Connection: @unchecked Sendable {
  // Unchecked because only the thread that has claimed it from the registry touches it.

  enum Stage {
    /// Nothing is known of the client yet.
    case opening
    case handshake
    case http1
    case http2
    /// An answer that streams is being written by a thread of its own.
    case streaming
    /// All is said; what the client still sends is thrown away, lest the answer be lost (RFC 9112, section 9.6).
    case lingering
  }

  enum Outcome {
    /// Park it until something happens.
    case wait
    /// Others first, then on.
    case yield
    /// Another thread owns it now.
    case handedOver
    case close
  }

  let token: UInt64
  let listener: Int
  let settings: ListenerSettings
  let timeouts: ClientTimeouts
  let peer: PeerAddress
  let reactor: Reactor

  var transport: Transport
  var stage = Stage.opening
  var parser: RequestParser
  var session: HTTP2Session?
  var certificate: [UInt8]?
  let isTLS: Bool
  /// Received but not looked at, while an answer before it goes out.
  var leftover: [UInt8] = []
  var outbound = Outbound()
  var closesAfterOutput = false
  var lingersAfterOutput = false
  var inputEnded = false
  /// What the kernel has said of the client's departure.
  private(set) var hangup: UInt32 = 0
  /// When the current request's first byte came; for the first request when the connection was opened.
  var requestStart = WallClock.monotonicNanoseconds()
  var hasServed = false
  /// Whether the kernel is asked to tell of room to send.
  var isToldOfRoom = false
  private var blockedByTLS = false
  private var writeStart: UInt64 = 0
  private var writtenSinceStart = 0
  private var lingerDeadline: UInt64 = 0
  /// Not yet added to the server's statistics.
  var served = 0
  var failed = 0

  static let hangupEvents = EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue
  /// How much of a client's input one turn takes.
  static let turnBytes = 1 << 20
  private static let lingerTime: UInt64 = 2_000_000_000

  init(
    token: UInt64, transport: Transport, listener: Int, settings: ListenerSettings, peer: PeerAddress, reactor: Reactor
  ) {
    self.token = token
    self.transport = transport
    self.listener = listener
    self.settings = settings
    timeouts = settings.timeouts ?? reactor.limits.timeouts
    self.peer = peer
    self.reactor = reactor
    isTLS = transport.isTLS
    parser = RequestParser(
      headerBytes: reactor.limits.headerBytes, headerCount: reactor.limits.headerCount,
      maxBody: settings.maxRequestBytes)
  }

  var descriptor: Int32 { transport.descriptor }
  var wantsRoom: Bool { !outbound.isEmpty || blockedByTLS }

  func turn(events: UInt32, _ worker: Worker) -> Outcome {
    hangup |= events & Self.hangupEvents
    switch stage {
    case .opening: return open(worker)
    case .handshake: return shakeHands(worker)
    case .http1: return serveHTTP1(worker)
    case .http2: return serveHTTP2(worker)
    case .lingering: return linger(worker)
    case .streaming: return .wait
    }
  }

  func takeReadyRequests() -> [HTTP2Job] {
    guard let session else { return [] }
    return session.takeReady(token: token)
  }

  func takeCounts() -> (served: Int, failed: Int) {
    defer {
      served = 0
      failed = 0
    }
    return (served, failed)
  }

  /// Only after the registry has forgotten the connection.
  func close() {
    session?.abandon()
    session = nil
    transport.close()
  }

  // MARK: Opening

  private func open(_ worker: Worker) -> Outcome {
    if reactor.isStopping { return .close }
    let start = transport.peek()
    guard let first = start.first else { return hangup == 0 ? .wait : .close }
    if isTLS {
      stage = .handshake
      if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) { return answerInClear(worker) }
      return shakeHands(worker)
    }
    let preface = HTTP2Session.preface
    if preface.starts(with: start) {
      if start.count < preface.count { return hangup == 0 ? .wait : .close }
      return startHTTP2(worker)
    }
    stage = .http1
    return serveHTTP1(worker)
  }

  /// Every TLS record begins with a small number, so a letter means HTTP without TLS.
  private func answerInClear(_ worker: Worker) -> Outcome {
    transport.dropTLS()
    outbound.append(
      Array("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n".utf8))
    closesAfterOutput = true
    lingersAfterOutput = true
    stage = .http1
    return serveHTTP1(worker)
  }

  private func shakeHands(_ worker: Worker) -> Outcome {
    switch transport.handshake() {
    case .blocked:
      blockedByTLS = transport.waitsForRoom
      return .wait
    case .failed(let reason):
      reactor.log("debug", "TLS handshake error from \(peer.host):\(peer.port): \(reason)")
      return .close
    case .done:
      blockedByTLS = false
      certificate = transport.peerCertificate
      if transport.negotiatedHTTP2 { return startHTTP2(worker) }
      stage = .http1
      return serveHTTP1(worker)
    }
  }

  private func startHTTP2(_ worker: Worker) -> Outcome {
    guard let session = HTTP2Session(connection: self) else { return .close }
    self.session = session
    stage = .http2
    return serveHTTP2(worker)
  }

  // MARK: Input and output

  /// Reads into the worker's buffer. `last` when the kernel will tell of anything further.
  func receive(_ worker: Worker, last: inout Bool) -> Transport.Transfer {
    let result = transport.read(into: worker.input)
    switch result {
    case .bytes(let count):
      // A short read has emptied the socket, but the end of the stream may have been announced already.
      last = !isTLS && count < worker.input.count && hangup == 0
    case .blocked:
      blockedByTLS = transport.waitsForRoom
      last = true
    case .ended, .failed: last = true
    }
    return result
  }

  /// `bytes` when all is sent.
  func flush() -> Transport.Transfer {
    if outbound.isEmpty { return .bytes(0) }
    var sent = 0
    let result = outbound.flush(&transport, sent: &sent)
    blockedByTLS = false
    if case .blocked = result {
      // A reader who takes a little now and then does not get more time for it.
      writtenSinceStart += sent
      if writeStart == 0 || writtenSinceStart >= 64 << 10 {
        writeStart = WallClock.monotonicNanoseconds()
        writtenSinceStart = 0
      }
    } else {
      writeStart = 0
      writtenSinceStart = 0
    }
    return result
  }

  /// Sends what the worker has collected; keeps what does not go.
  func send(_ worker: Worker) -> Transport.Transfer {
    defer { worker.output.removeAll(keepingCapacity: true) }
    guard outbound.isEmpty else {
      outbound.append(worker.output)
      return flush()
    }
    let result = worker.output.withUnsafeBytes { bytes -> Transport.Transfer in
      let result = transport.write(bytes)
      guard case .bytes(let count) = result else {
        if case .blocked = result { outbound.append(bytes) }
        return result
      }
      if count < bytes.count { outbound.append(UnsafeRawBufferPointer(rebasing: bytes[count...])) }
      return result
    }
    if case .failed = result { return result }
    return outbound.isEmpty ? .bytes(0) : flush()
  }

  /// The end, once all is sent that was to be sent.
  func finishOutput(_ worker: Worker) -> Outcome {
    guard lingersAfterOutput, !inputEnded else { return .close }
    transport.finishSending()
    stage = .lingering
    leftover = []
    let time = reactor.isStopping ? Self.lingerTime / 4 : Self.lingerTime
    lingerDeadline = WallClock.monotonicNanoseconds() &+ time
    return linger(worker)
  }

  private func linger(_ worker: Worker) -> Outcome {
    var taken = 0
    while taken < Self.turnBytes {
      let count = recv(descriptor, worker.input.baseAddress, worker.input.count, 0)
      if count == 0 { return .close }
      if count < 0 { return errno == EAGAIN ? .wait : .close }
      taken += count
    }
    return .yield
  }

  // MARK: Time

  func parking(now: UInt64) -> Registry.Parking {
    let held = parser.bufferedBytes + leftover.count + outbound.count + (session?.bufferedBytes ?? 0)
    var parking = Registry.Parking(deadline: .max, isIdle: false, bufferedBytes: held)
    switch stage {
    case .opening:
      parking.deadline = Self.deadline(requestStart, timeouts.header)
      parking.isIdle = true
    case .handshake: parking.deadline = Self.deadline(requestStart, timeouts.header)
    case .lingering: parking.deadline = lingerDeadline
    case .http1 where outbound.isEmpty && leftover.isEmpty:
      switch parser.phase {
      case .betweenRequests where hasServed:
        parking.deadline = Self.deadline(now, timeouts.idle)
        parking.isIdle = true
      case .betweenRequests:
        parking.deadline = Self.deadline(requestStart, timeouts.header)
        parking.isIdle = true
      case .head: parking.deadline = Self.deadline(requestStart, timeouts.header)
      case .body, .failed: parking.deadline = Self.deadline(requestStart, timeouts.request)
      }
    case .http2 where outbound.isEmpty: session?.park(&parking, now: now)
    default: break
    }
    if !outbound.isEmpty, stage != .lingering {
      parking.deadline = Self.deadline(writeStart == 0 ? now : writeStart, timeouts.write)
    }
    return parking
  }

  static func deadline(_ start: UInt64, _ limit: TimeSpan) -> UInt64 {
    limit.nanoseconds > 0 ? start &+ UInt64(limit.nanoseconds) : .max
  }

  /// The time that `parking` set is up.
  func expire(_ worker: Worker) -> Outcome {
    guard outbound.isEmpty else { return .close }
    switch stage {
    case .http1:
      if case .betweenRequests = parser.phase { return .close }
      return refuse(.timeout, worker)
    case .http2: return expireHTTP2(worker)
    default: return .close
    }
  }

  /// Turns down what the client is sending, and with HTTP/1 the client.
  func refuse(_ failure: HTTPFailure, _ worker: Worker) -> Outcome {
    switch stage {
    case .http1 where outbound.isEmpty: refuseHTTP1(failure, worker)
    case .http2: refuseHTTP2(failure, worker)
    default: .close
    }
  }
}
