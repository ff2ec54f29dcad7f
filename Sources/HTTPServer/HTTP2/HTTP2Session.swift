internal import CNGHTTP2
internal import Glibc
internal import Primitives

/// The HTTP/2 side of a connection (RFC 9113): frames in, requests out, answers in, frames out. No input or output of its own.
///
/// All but `deliver` is for the thread that owns the connection: handlers run without owning it, so that the streams of a
/// connection do not wait for each other.
final class HTTP2Session: @unchecked Sendable {
  // Unchecked because the connection's owner alone touches the state, the mailbox aside, which has a lock.

  /// What other threads have for the owner.
  enum Delivery: Sendable {
    case response(Int32, HTTPResponse)
    /// A streamed answer has more bytes or has ended.
    case more(Int32)
  }

  /// RFC 9113, section 3.4.
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private var session: OpaquePointer?
  private var streams: [Int32: HTTP2Stream] = [:]
  private var ready: [(stream: Int32, request: HTTPRequest)] = []
  private let mailbox = Locked<[Delivery]>([])
  /// Requests given out and not yet answered, those of streams that the client has reset included.
  private var running = 0
  private var isGoingAway = false
  private var isBroken = false
  private var resets = ResetBudget()
  private(set) var bufferedBytes = 0
  private var stallStart: UInt64 = 0
  private var sentSinceStall = 0

  private let reactor: Reactor
  private let timeouts: ClientTimeouts
  private let settings: ListenerSettings
  private let listener: Int
  private let token: UInt64
  private let peer: PeerAddress
  private let isTLS: Bool
  private let certificate: [UInt8]?
  private var date: DateLine
  /// Not yet added to the server's statistics.
  var served = 0
  var failed = 0

  private static let windowBytes: Int32 = 1 << 20

  /// Nil without memory.
  init?(connection: Connection) {
    reactor = connection.reactor
    timeouts = connection.timeouts
    settings = connection.settings
    listener = connection.listener
    token = connection.token
    peer = connection.peer
    isTLS = connection.isTLS
    certificate = connection.certificate
    date = DateLine(clock: connection.reactor.clock)
    guard let session = makeSession() else { return nil }
    self.session = session
    let limits = connection.reactor.limits
    let entries = [
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
        value: UInt32(clamping: limits.maxConcurrentHTTP2Streams)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(Self.windowBytes)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: UInt32(clamping: limits.headerBytes)),
    ]
    nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
    nghttp2_session_set_local_window_size(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Self.windowBytes)
  }

  deinit { nghttp2_session_del(session) }

  // MARK: Frames

  /// False when the client has broken the protocol; what is left to say goes out still.
  func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let session, !isBroken else { return false }
    let count = nghttp2_session_mem_recv(session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    if count < 0 { isBroken = true }
    return !isBroken
  }

  /// Appends the next frames, some 64 KiB of them at most. False when there is no way on.
  func send(to out: inout [UInt8]) -> Bool {
    guard let session else { return false }
    while out.count < 64 << 10 {
      var data: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(session, &data)
      if count < 0 { return false }
      if count == 0 { break }
      out.append(contentsOf: UnsafeBufferPointer(start: data, count: count))
    }
    sentSinceStall += out.count
    return true
  }

  /// Nothing will come of this session any more.
  var isFinished: Bool {
    guard let session else { return true }
    if isBroken { return true }
    if isGoingAway, streams.isEmpty { return true }
    return nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
  }

  /// No new streams from now on.
  func goAway() {
    guard let session, !isGoingAway else { return }
    isGoingAway = true
    let last = nghttp2_session_get_last_proc_stream_id(session)
    nghttp2_submit_goaway(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
  }

  func takeReady(token: UInt64) -> [HTTP2Job] {
    if ready.isEmpty { return [] }
    defer { ready = [] }
    return ready.map { HTTP2Job(token: token, session: self, stream: $0.stream, request: $0.request) }
  }

  /// The connection has gone.
  func abandon() {
    for stream in streams.values { stream.channel?.close() }
    streams = [:]
    ready = []
    session.map { nghttp2_session_del($0) }
    session = nil
  }

  // MARK: Time

  func park(_ parking: inout Registry.Parking, now: UInt64) {
    if streams.isEmpty, running == 0 {
      parking.deadline = Connection.deadline(now, timeouts.idle)
      parking.isIdle = true
      return
    }
    var stalled = false
    for stream in streams.values {
      if stream.isReceiving { parking.deadline = min(parking.deadline, stream.deadline(timeouts)) }
      if stream.hasUnsentBytes { stalled = true }
    }
    if !stalled {
      stallStart = 0
    } else {
      if stallStart == 0 || sentSinceStall >= 64 << 10 {
        stallStart = now
        sentSinceStall = 0
      }
      parking.deadline = min(parking.deadline, Connection.deadline(stallStart, timeouts.write))
    }
  }

  /// Ends the streams whose time is up. False when that goes for the connection as a whole.
  func expire(now: UInt64) -> Bool {
    if streams.isEmpty { return false }
    if stallStart != 0, Connection.deadline(stallStart, timeouts.write) <= now { return false }
    for stream in streams.values where stream.isReceiving && stream.deadline(timeouts) <= now { fail(stream, .timeout) }
    return true
  }

  /// Turns down every request that is not whole yet.
  func refuseUnfinished(_ failure: HTTPFailure) {
    for stream in streams.values where stream.isReceiving { fail(stream, failure) }
  }

  // MARK: Answers

  /// From any thread. The connection has to be woken afterwards.
  func deliver(_ delivery: Delivery) { mailbox.withLock { $0.append(delivery) } }

  func collectDeliveries() {
    let deliveries = mailbox.withLock { mail in
      defer { mail = [] }
      return mail
    }
    for delivery in deliveries {
      switch delivery {
      case .response(let id, let response):
        running -= 1
        served += 1
        guard let stream = streams[id], !stream.hasAnswer else { continue }
        answer(stream, response)
      case .more(let id):
        if let session, streams[id] != nil { nghttp2_session_resume_data(session, id) }
      }
    }
  }

  private func answer(_ stream: HTTP2Stream, _ response: HTTPResponse) {
    stream.hasAnswer = true
    switch response.body {
    case .bytes(let bytes):
      let framing = ResponseEncoder.framing(status: response.status, length: bytes.count)
      if !framing.isNone, !stream.isHead {
        stream.answer = bytes
        bufferedBytes += bytes.count
      }
      submit(stream, response, length: framing.isNone ? nil : bytes.count, hasBody: !stream.answer.isEmpty)
    case .stream(let body):
      let isBodyless = stream.isHead || ResponseEncoder.framing(status: response.status, length: 0).isNone
      if !isBodyless, !startStream(stream, body) {
        stream.hasAnswer = false
        fail(stream, .overloaded)
        return
      }
      submit(stream, response, length: nil, hasBody: !isBodyless)
    }
  }

  private func startStream(
    _ stream: HTTP2Stream, _ body: @escaping @Sendable (any HTTPBodyWriter) throws -> Void
  ) -> Bool {
    guard reactor.registry.streamStarts() else { return false }
    let channel = HTTP2BodyChannel(
      reactor: reactor, patience: timeouts.write, token: token, session: self, stream: stream.id)
    stream.channel = channel
    let reactor = reactor
    reactor.liveThreads.update { $0 += 1 }
    let started = ServingThread.start("http-stream") {
      channel.run(body)
      reactor.registry.streamEnds()
      reactor.liveThreads.update { $0 -= 1 }
    }
    if started { return true }
    stream.channel = nil
    reactor.registry.streamEnds()
    reactor.liveThreads.update { $0 -= 1 }
    return false
  }

  /// Answers a request that will not be read any further.
  private func fail(_ stream: HTTP2Stream, _ failure: HTTPFailure) {
    guard !stream.hasAnswer else { return }
    failed += 1
    stream.isRefused = true
    bufferedBytes -= stream.body.count
    stream.body = []
    var response = reactor.handler.failure(failure, listener: listener)
    if case .stream = response.body { response.body = .bytes([]) }
    answer(stream, response)
  }

  private func submit(_ stream: HTTP2Stream, _ response: HTTPResponse, length: Int?, hasBody: Bool) {
    guard let session else { return }
    var block = HeaderBlock()
    block.append(":status", decimal: min(max(response.status, 100), 999))
    for header in response.headers where !ResponseEncoder.isOurs(header.name) && !header.name.hasPrefix(":") {
      block.append(header.name, text: header.value)
    }
    block.append("date", bytes: date.bytes())
    if let length { block.append("content-length", decimal: length) }
    block.withFields { fields in
      guard hasBody else {
        nghttp2_submit_response(session, stream.id, fields.baseAddress, fields.count, nil)
        return
      }
      var provider = nghttp2_data_provider()
      provider.read_callback = { _, id, buffer, length, flags, _, owner in
        guard let owner, let buffer, let flags else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
        let session = Unmanaged<HTTP2Session>.fromOpaque(owner).takeUnretainedValue()
        return session.readAnswer(id, UnsafeMutableRawBufferPointer(start: buffer, count: length), flags)
      }
      nghttp2_submit_response(session, stream.id, fields.baseAddress, fields.count, &provider)
    }
  }

  private func readAnswer(
    _ id: Int32, _ buffer: UnsafeMutableRawBufferPointer, _ flags: UnsafeMutablePointer<UInt32>
  ) -> Int {
    let end = UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
    guard let stream = streams[id] else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
    if let channel = stream.channel {
      switch channel.take(into: buffer) {
      case .bytes(let count, let isLast):
        if isLast { flags.pointee |= end }
        return count
      case .none: return Int(NGHTTP2_ERR_DEFERRED.rawValue)
      case .failed: return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
      }
    }
    let count = min(buffer.count, stream.answer.count - stream.answered)
    stream.answer.withUnsafeBytes { bytes in
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[stream.answered..<stream.answered + count]))
    }
    stream.answered += count
    if stream.answered == stream.answer.count { flags.pointee |= end }
    return count
  }

  // MARK: Requests

  fileprivate func streamBegins(_ id: Int32) {
    streams[id] = HTTP2Stream(id: id)
    if isGoingAway, let session {
      nghttp2_submit_rst_stream(
        session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_REFUSED_STREAM.rawValue)
    }
  }

  fileprivate func header(_ id: Int32, name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
    guard let stream = streams[id], !stream.isRefused else { return }
    stream.add(name: name, value: value, limits: reactor.limits)
  }

  fileprivate func headersEnd(_ id: Int32, endsStream: Bool) {
    guard let stream = streams[id], !stream.isRefused else { return }
    if let failure = stream.failure ?? stream.check() {
      fail(stream, failure)
    } else if let length = stream.contentLength, settings.maxRequestBytes > 0, length > settings.maxRequestBytes {
      fail(stream, .bodyTooLarge)
    } else if endsStream {
      finish(stream)
    }
  }

  fileprivate func data(_ id: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
    guard let stream = streams[id], !stream.isRefused else { return }
    if settings.maxRequestBytes > 0, bytes.count > settings.maxRequestBytes - stream.body.count {
      fail(stream, .bodyTooLarge)
      return
    }
    stream.body.append(contentsOf: bytes)
    bufferedBytes += bytes.count
  }

  fileprivate func streamEnds(_ id: Int32) {
    guard let stream = streams[id], stream.isReceiving else { return }
    if stream.isRefused { stream.isReceiving = false } else { finish(stream) }
  }

  private func finish(_ stream: HTTP2Stream) {
    stream.isReceiving = false
    bufferedBytes -= stream.body.count
    // A client that resets streams while their requests run frees their places here only when those are done.
    guard running < reactor.limits.maxConcurrentHTTP2Streams else {
      if let session {
        nghttp2_submit_rst_stream(
          session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, NGHTTP2_REFUSED_STREAM.rawValue)
      }
      return
    }
    running += 1
    let body = stream.body
    stream.body = []
    ready.append(
      (
        stream.id,
        HTTPRequest(
          method: stream.method, path: stream.path, query: stream.query, headers: stream.takeHeaders(), body: body,
          listener: listener, remoteAddress: peer.host, remotePort: peer.port, isTLS: isTLS,
          protocolName: "HTTP/2.0", clientCertificate: certificate, arrived: stream.started)
      ))
  }

  fileprivate func resetByClient() {
    guard let session, !resets.take(now: WallClock.monotonicNanoseconds()) else { return }
    nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
  }

  fileprivate func streamCloses(_ id: Int32) {
    guard let stream = streams.removeValue(forKey: id) else { return }
    stream.channel?.close()
    if stream.isReceiving { bufferedBytes -= stream.body.count }
    bufferedBytes -= stream.answer.count
  }

  /// An answer is out although the client still sends: it need not (RFC 9113, section 8.1).
  fileprivate func answerEnds(_ id: Int32) {
    guard let session, let stream = streams[id], stream.isReceiving else { return }
    nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_NO_ERROR.rawValue)
  }

  // MARK: nghttp2

  private func makeSession() -> OpaquePointer? {
    var callbacks: OpaquePointer?
    guard nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
    defer { nghttp2_session_callbacks_del(callbacks) }
    setReceivingCallbacks(callbacks)
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, owner in
      guard let frame, let session = HTTP2Session.from(owner) else { return 0 }
      let header = frame.pointee.hd
      let isBody = header.type == UInt8(NGHTTP2_DATA.rawValue) || header.type == UInt8(NGHTTP2_HEADERS.rawValue)
      if isBody, header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 { session.answerEnds(header.stream_id) }
      return 0
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, _, owner in
      HTTP2Session.from(owner)?.streamCloses(id)
      return 0
    }
    var option: OpaquePointer?
    guard nghttp2_option_new(&option) == 0 else { return nil }
    defer { nghttp2_option_del(option) }
    nghttp2_option_set_no_closed_streams(option, 1)
    var session: OpaquePointer?
    let owner = Unmanaged.passUnretained(self).toOpaque()
    guard nghttp2_session_server_new2(&session, callbacks, owner, option) == 0 else { return nil }
    return session
  }

  private func setReceivingCallbacks(_ callbacks: OpaquePointer?) {
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, owner in
      guard let frame, let session = HTTP2Session.from(owner) else { return 0 }
      if frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST { session.streamBegins(frame.pointee.hd.stream_id) }
      return 0
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, frame, name, nameLength, value, length, _, owner in
      guard let frame, let session = HTTP2Session.from(owner) else { return 0 }
      // Trailers are dropped.
      guard frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST else { return 0 }
      session.header(
        frame.pointee.hd.stream_id, name: UnsafeBufferPointer(start: name, count: nameLength),
        value: UnsafeBufferPointer(start: value, count: length))
      return 0
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, data, length, owner in
      HTTP2Session.from(owner)?.data(id, UnsafeBufferPointer(start: data, count: length))
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, owner in
      guard let frame, let session = HTTP2Session.from(owner) else { return 0 }
      let header = frame.pointee.hd
      let endsStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
      switch UInt32(header.type) {
      case NGHTTP2_HEADERS.rawValue where frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST:
        session.headersEnd(header.stream_id, endsStream: endsStream)
      case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
        if endsStream { session.streamEnds(header.stream_id) }
      case NGHTTP2_RST_STREAM.rawValue: session.resetByClient()
      default: break
      }
      return 0
    }
  }

  private static func from(_ owner: UnsafeMutableRawPointer?) -> HTTP2Session? {
    owner.map { Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
  }
}

/// How many streams a client may reset: a reset costs it nothing and the server a request (CVE-2023-44487).
struct ResetBudget {
  private var left = 200.0
  private var last: UInt64 = 0
  private static let most = 200.0
  private static let perSecond = 20.0

  /// False when there have been too many.
  mutating func take(now: UInt64) -> Bool {
    if last != 0, now > last { left = min(Self.most, left + Double(now - last) / 1e9 * Self.perSecond) }
    last = now
    left -= 1
    return left >= 0
  }
}
