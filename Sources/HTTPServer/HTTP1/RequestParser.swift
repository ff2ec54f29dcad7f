internal import Glibc

/// Cuts a stream of bytes into HTTP/1 requests (RFC 9112). A state machine without input or output of its own: it is fed
/// whatever has come in and says what that amounts to, in the same way however the bytes are split.
struct RequestParser {
  enum Event {
    /// All was taken and no request is whole yet.
    case incomplete
    /// The head asked for leave to send the body (RFC 9110, section 10.1.1). Comes at most once a request.
    case continueExpected
    case request(RequestHead, body: [UInt8])
    /// The stream cannot be read any further; the parser says so from then on.
    case failure(HTTPFailure)
  }

  /// Where in a request the stream stands.
  enum Phase {
    case betweenRequests
    case head
    case body
    case failed
  }

  private enum State {
    case head
    case body(remaining: Int)
    case chunkSize(value: Int, digits: Int)
    case chunkExtension(size: Int)
    case chunkSizeEnd(size: Int)
    case chunkData(remaining: Int)
    case chunkDataCR
    case chunkDataLF
    case trailer
    case failed(HTTPFailure)
  }

  private let headerBytes: Int
  private let headerCount: Int
  private let maxBody: Int

  private var state = State.head
  /// An unfinished head, or an unfinished line of a trailer section.
  private var partial: [UInt8] = []
  private var progress = HeadProgress()
  private var current = RequestHead()
  private var body: [UInt8] = []
  /// Bytes of chunk extensions and trailers in this request, which carry nothing and so get little room.
  private var overhead = 0

  /// - Parameter maxBody: in bytes; zero or less for no limit.
  init(headerBytes: Int, headerCount: Int, maxBody: Int) {
    self.headerBytes = headerBytes
    self.headerCount = headerCount
    self.maxBody = maxBody > 0 ? maxBody : .max
  }

  var phase: Phase {
    switch state {
    case .head: partial.isEmpty ? .betweenRequests : .head
    case .failed: .failed
    default: .body
    }
  }

  /// Memory that an unfinished request holds.
  var bufferedBytes: Int { partial.count + body.count }

  /// Takes bytes up to the next event. Whoever calls feeds the rest again unless it was `incomplete` or a failure.
  mutating func consume(_ input: UnsafeBufferPointer<UInt8>) -> (consumed: Int, event: Event) {
    do throws(HTTPFailure) {
      var at = 0
      while true {
        let rest = UnsafeBufferPointer(rebasing: input[at...])
        if case .failed(let failure) = state { throw failure }
        if rest.isEmpty { return (at, .incomplete) }
        let (consumed, event) = try step(rest)
        at += consumed
        if let event { return (at, event) }
      }
    } catch {
      state = .failed(error)
      partial = []
      body = []
      return (input.count, .failure(error))
    }
  }

  private mutating func step(_ input: UnsafeBufferPointer<UInt8>) throws(HTTPFailure) -> (Int, Event?) {
    switch state {
    case .head: return try readHead(input)
    case .body(let remaining):
      let count = min(remaining, input.count)
      append(input, count)
      if count == remaining { return (count, finish()) }
      state = .body(remaining: remaining - count)
      return (count, nil)
    case .chunkData(let remaining):
      let count = min(remaining, input.count)
      append(input, count)
      state = count == remaining ? .chunkDataCR : .chunkData(remaining: remaining - count)
      return (count, nil)
    case .trailer: return try readTrailer(input)
    case .failed(let failure): throw failure
    default:
      try readChunkFraming(input[0])
      return (1, nil)
    }
  }

  // MARK: Head

  private mutating func readHead(_ input: UnsafeBufferPointer<UInt8>) throws(HTTPFailure) -> (Int, Event?) {
    if partial.isEmpty {
      progress = HeadProgress()
      switch progress.search(input, limit: headerBytes) {
      case .end(let end): return (end + 2, try startBody(UnsafeBufferPointer(rebasing: input[progress.start..<end])))
      case .more:
        partial.append(contentsOf: input)
        return (input.count, nil)
      case .malformed: throw .badRequest("malformed request")
      case .tooLong: throw .headersTooLarge
      }
    }
    let before = partial.count
    let taken = min(input.count, max(0, headerBytes + 1 - before))
    partial.append(contentsOf: UnsafeBufferPointer(rebasing: input[..<taken]))
    let found = partial.withUnsafeBufferPointer { progress.search($0, limit: headerBytes) }
    switch found {
    case .end(let end):
      let bytes = partial
      partial = []
      let start = progress.start
      let event = try bytes.withBytes { head throws(HTTPFailure) in
        try startBody(UnsafeBufferPointer(rebasing: head[start..<end]))
      }
      return (end + 2 - before, event)
    case .more: return (taken, nil)
    case .malformed: throw .badRequest("malformed request")
    case .tooLong: throw .headersTooLarge
    }
  }

  /// How far the end of a head has been looked for.
  private struct HeadProgress {
    enum Result {
      /// The place of the empty line.
      case end(Int)
      case more
      case malformed
      case tooLong
    }

    /// Where the request line begins, after empty lines, which are skipped (RFC 9112, section 2.2).
    var start = 0
    private var lineStart = 0
    private var scanned = 0

    mutating func search(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int) -> Result {
      let window = min(bytes.count, limit)
      guard let base = bytes.baseAddress else { return .more }
      while scanned < window, let found = memchr(base + scanned, 10, window - scanned) {
        let at = found - UnsafeMutableRawPointer(mutating: base)
        guard firstByteFits(bytes, window), at > lineStart, bytes[at - 1] == 13 else { return .malformed }
        scanned = at + 1
        if at - 1 == lineStart {
          if start != lineStart { return .end(lineStart) }
          start = at + 1
        }
        lineStart = at + 1
      }
      guard firstByteFits(bytes, window) else { return .malformed }
      scanned = window
      return bytes.count > limit ? .tooLong : .more
    }

    /// Turns down at once what cannot become a request, such as a TLS handshake.
    private func firstByteFits(_ bytes: UnsafeBufferPointer<UInt8>, _ window: Int) -> Bool {
      start >= window || bytes[start].isTokenCharacter || bytes[start] == 13
    }
  }

  private mutating func startBody(_ head: UnsafeBufferPointer<UInt8>) throws(HTTPFailure) -> Event? {
    current = try RequestHead(parsing: head, maxFields: headerCount)
    overhead = 0
    switch current.framing {
    case .none: return finish()
    case .length(let length):
      guard length <= maxBody else { throw .bodyTooLarge }
      // A large reservation is no memory until bytes come; more than a usual request is not believed all the same.
      body.reserveCapacity(min(length, 2 << 20))
      state = .body(remaining: length)
    case .chunked: state = .chunkSize(value: 0, digits: 0)
    }
    return current.expectsContinue ? .continueExpected : nil
  }

  private mutating func finish() -> Event {
    let event = Event.request(current, body: body)
    current = RequestHead()
    body = []
    state = .head
    return event
  }

  // MARK: Body

  private mutating func append(_ input: UnsafeBufferPointer<UInt8>, _ count: Int) {
    body.append(contentsOf: UnsafeBufferPointer(rebasing: input[..<count]))
  }

  /// RFC 9112, section 7.1, byte by byte; data goes another way.
  private mutating func readChunkFraming(_ byte: UInt8) throws(HTTPFailure) {
    switch state {
    case .chunkSize(let value, let digits):
      if let digit = hexValue(byte) {
        guard digits < 15 else { throw .badRequest("chunk length too large") }
        state = .chunkSize(value: value << 4 | digit, digits: digits + 1)
        return
      }
      guard digits > 0 else { throw .badRequest("malformed chunk length") }
      guard value <= maxBody &- body.count else { throw .bodyTooLarge }
      switch byte {
      case 13: state = .chunkSizeEnd(size: value)
      case UInt8(ascii: ";"): state = .chunkExtension(size: value)
      default: throw .badRequest("malformed chunk length")
      }
    case .chunkExtension(let size):
      try countOverhead(1)
      if byte == 13 {
        state = .chunkSizeEnd(size: size)
      } else if byte < 0x20 && byte != 9 || byte == 0x7F {
        throw .badRequest("malformed chunk extension")
      }
    case .chunkSizeEnd(let size):
      guard byte == 10 else { throw .badRequest("malformed chunk length") }
      state = size == 0 ? .trailer : .chunkData(remaining: size)
    case .chunkDataCR:
      guard byte == 13 else { throw .badRequest("malformed chunk") }
      state = .chunkDataLF
    case .chunkDataLF:
      guard byte == 10 else { throw .badRequest("malformed chunk") }
      state = .chunkSize(value: 0, digits: 0)
    default: throw .badRequest("malformed chunk")
    }
  }

  private mutating func readTrailer(_ input: UnsafeBufferPointer<UInt8>) throws(HTTPFailure) -> (Int, Event?) {
    var count = 0
    for byte in input {
      count += 1
      try countOverhead(1)
      if byte != 10 {
        partial.append(byte)
        continue
      }
      guard partial.popLast() == 13 else { throw .badRequest("malformed trailer") }
      if partial.isEmpty { return (count, finish()) }
      try partial.withBytes { line throws(HTTPFailure) in try RequestHead.checkField(line) }
      partial.removeAll(keepingCapacity: true)
    }
    return (count, nil)
  }

  private mutating func countOverhead(_ count: Int) throws(HTTPFailure) {
    overhead += count
    guard overhead <= headerBytes else { throw .headersTooLarge }
  }

  private func hexValue(_ byte: UInt8) -> Int? {
    switch byte {
    case 48...57: Int(byte) - 48
    case 65...70: Int(byte) - 55
    case 97...102: Int(byte) - 87
    default: nil
    }
  }
}

extension [UInt8] {
  /// `withUnsafeBufferPointer` for closures that throw an error of a known type.
  func withBytes<R, E: Error>(_ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R) throws(E) -> R {
    let result = withUnsafeBufferPointer { bytes -> Result<R, E> in
      do throws(E) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
