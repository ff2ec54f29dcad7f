internal import Glibc
internal import Primitives

/// HTTP/1 over a connection: requests one after the other, pipelined or not.
extension Connection {
  func serveHTTP1(_ worker: Worker) -> Outcome {
    if !outbound.isEmpty {
      switch flush() {
      case .bytes: break
      case .blocked: return .wait
      case .ended, .failed: return .close
      }
    }
    if closesAfterOutput { return finishOutput(worker) }
    if !leftover.isEmpty {
      let bytes = leftover
      leftover = []
      if let outcome = bytes.withUnsafeBufferPointer({ take($0, worker) }) { return outcome }
    }
    var taken = 0
    var last = false
    while !inputEnded, !last {
      switch receive(worker, last: &last) {
      case .bytes(let count):
        if case .betweenRequests = parser.phase { requestStart = WallClock.monotonicNanoseconds() }
        let bytes = UnsafeRawBufferPointer(start: worker.input.baseAddress, count: count)
        if let outcome = take(bytes.bindMemory(to: UInt8.self), worker) { return outcome }
        taken += count
        if taken >= Self.turnBytes, !last { return .yield }
      case .blocked: break
      case .ended: inputEnded = true
      case .failed: return .close
      }
    }
    if inputEnded { return .close }
    if reactor.isStopping, case .betweenRequests = parser.phase { return .close }
    return .wait
  }

  /// Answers the requests that the bytes complete. Nil when all were taken and all answers are sent.
  private func take(_ bytes: UnsafeBufferPointer<UInt8>, _ worker: Worker) -> Outcome? {
    var rest = bytes
    while !rest.isEmpty {
      let (consumed, event) = parser.consume(rest)
      rest = UnsafeBufferPointer(rebasing: rest[consumed...])
      switch event {
      case .incomplete: break
      case .continueExpected:
        if rest.isEmpty { ResponseEncoder.append("HTTP/1.1 100 Continue\r\n\r\n", to: &worker.output) }
      case .request(let head, let body):
        if let outcome = answer(head, body, rest, worker) { return outcome }
      case .failure(let failure): return refuseHTTP1(failure, worker)
      }
    }
    return sendOrKeep(rest, worker)
  }

  /// Nil when the next request may follow.
  private func answer(
    _ head: RequestHead, _ body: [UInt8], _ rest: UnsafeBufferPointer<UInt8>, _ worker: Worker
  ) -> Outcome? {
    let request = HTTPRequest(
      method: head.method, path: head.path, query: head.query, headers: head.headers, body: body, listener: listener,
      remoteAddress: peer.host, remotePort: peer.port, isTLS: isTLS,
      protocolName: head.minorVersion == 0 ? "HTTP/1.0" : "HTTP/1.1", clientCertificate: certificate,
      arrived: requestStart)
    let response = reactor.handler.handle(request)
    hasServed = true
    served += 1
    let keepsAlive = head.keepsAlive && !reactor.isStopping
    switch response.body {
    case .bytes(let bytes):
      let framing = ResponseEncoder.framing(status: response.status, length: bytes.count)
      appendHead(response, framing, keepsAlive, head.minorVersion, worker)
      if case .length = framing, head.method != "HEAD" { appendBody(bytes, worker) }
    case .stream(let body):
      let isBodyless = ResponseEncoder.framing(status: response.status, length: 0).isNone
      let framing: ResponseEncoder.Framing = isBodyless ? .none : head.minorVersion == 0 ? .untilClose : .chunked
      let persists = keepsAlive && head.minorVersion > 0
      guard isBodyless || head.method == "HEAD" else {
        guard reactor.registry.streamStarts() else { return refuseHTTP1(.overloaded, worker) }
        appendHead(response, framing, persists, head.minorVersion, worker)
        return startStream(body, framing, persists, rest, worker)
      }
      appendHead(response, framing, persists, head.minorVersion, worker)
      if !persists { return finish(rest, worker) }
    }
    if !keepsAlive { return finish(rest, worker) }
    if rest.isEmpty { return nil }
    requestStart = WallClock.monotonicNanoseconds()
    if worker.output.count < 64 << 10, outbound.isEmpty { return nil }
    return sendOrKeep(rest, worker)
  }

  private func appendHead(
    _ response: HTTPResponse, _ framing: ResponseEncoder.Framing, _ keepsAlive: Bool, _ minorVersion: Int,
    _ worker: Worker
  ) {
    ResponseEncoder.appendHead(
      response, framing: framing, keepsAlive: keepsAlive, minorVersion: minorVersion, date: worker.date.bytes(),
      to: &worker.output)
  }

  private func appendBody(_ bytes: [UInt8], _ worker: Worker) {
    if bytes.count <= 32 << 10, outbound.isEmpty {
      worker.output.append(contentsOf: bytes)
      return
    }
    // Large bodies go out from where they are.
    outbound.append(worker.output)
    worker.output.removeAll(keepingCapacity: true)
    outbound.append(bytes)
  }

  private func sendOrKeep(_ rest: UnsafeBufferPointer<UInt8>, _ worker: Worker) -> Outcome? {
    if worker.output.isEmpty, outbound.isEmpty { return nil }
    switch send(worker) {
    case .bytes: return nil
    case .blocked:
      leftover = [UInt8](rest)
      return .wait
    case .ended, .failed: return .close
    }
  }

  private func finish(_ rest: UnsafeBufferPointer<UInt8>, _ worker: Worker) -> Outcome {
    closesAfterOutput = true
    lingersAfterOutput = !rest.isEmpty
    switch send(worker) {
    case .bytes: return finishOutput(worker)
    case .blocked: return .wait
    case .ended, .failed: return .close
    }
  }

  func refuseHTTP1(_ failure: HTTPFailure, _ worker: Worker) -> Outcome {
    let response = reactor.handler.failure(failure, listener: listener)
    failed += 1
    var body: [UInt8] = []
    if case .bytes(let bytes) = response.body { body = bytes }
    let framing = ResponseEncoder.framing(status: response.status, length: body.count)
    appendHead(response, framing, false, 1, worker)
    if case .length = framing { appendBody(body, worker) }
    closesAfterOutput = true
    lingersAfterOutput = true
    switch send(worker) {
    case .bytes: return finishOutput(worker)
    case .blocked: return .wait
    case .ended, .failed: return .close
    }
  }

  // MARK: Streams

  private func startStream(
    _ body: @escaping @Sendable (any HTTPBodyWriter) throws -> Void, _ framing: ResponseEncoder.Framing,
    _ keepsAlive: Bool, _ rest: UnsafeBufferPointer<UInt8>, _ worker: Worker
  ) -> Outcome {
    outbound.append(worker.output)
    worker.output.removeAll(keepingCapacity: true)
    leftover = [UInt8](rest)
    stage = .streaming
    let reactor = reactor
    reactor.liveThreads.update { $0 += 1 }
    let started = ServingThread.start("http-stream") { [self] in
      stream(body, framing, keepsAlive)
      reactor.registry.streamEnds()
      reactor.liveThreads.update { $0 -= 1 }
    }
    if started { return .handedOver }
    reactor.registry.streamEnds()
    reactor.liveThreads.update { $0 -= 1 }
    return .close
  }

  private func stream(
    _ body: (any HTTPBodyWriter) throws -> Void, _ framing: ResponseEncoder.Framing, _ keepsAlive: Bool
  ) {
    var isChunked = false
    if case .chunked = framing { isChunked = true }
    let writer = HTTP1BodyWriter(connection: self, isChunked: isChunked)
    do {
      try writer.drain()
      try body(writer)
      try writer.finish()
    } catch {
      // Without the last chunk the client knows that the answer is not whole.
      reactor.close(self)
      return
    }
    stage = .http1
    if !keepsAlive || reactor.isStopping {
      if !isChunked || !leftover.isEmpty { transport.finishSending() }
      reactor.close(self)
      return
    }
    let reactor = reactor
    let token = token
    reactor.registry.handBack(token)
    reactor.jobs.push(.resume(token: token))
  }
}

extension ResponseEncoder.Framing {
  var isNone: Bool {
    if case .none = self { return true }
    return false
  }
}

/// Writes a streamed answer from the stream's own thread, which owns the connection and may wait for the client.
private struct HTTP1BodyWriter: HTTPBodyWriter {
  let connection: Connection
  let isChunked: Bool

  var isOpen: Bool {
    let noted = connection.reactor.registry.noted(connection.token)
    return (connection.hangup | noted) & Connection.hangupEvents == 0 && !connection.reactor.isStopping
  }

  func write(_ bytes: [UInt8]) throws {
    if bytes.isEmpty { return }
    if isChunked {
      var chunk: [UInt8] = []
      chunk.reserveCapacity(bytes.count + 24)
      ResponseEncoder.appendChunk(bytes, to: &chunk)
      connection.outbound.append(chunk)
    } else {
      connection.outbound.append(bytes)
    }
    try drain()
  }

  func finish() throws {
    guard isChunked else { return }
    connection.outbound.append(ResponseEncoder.lastChunk)
    try drain()
  }

  func drain() throws {
    let deadline = Connection.deadline(
      WallClock.monotonicNanoseconds(), connection.timeouts.write)
    while true {
      switch connection.flush() {
      case .bytes: return
      case .ended, .failed: throw HTTPStreamClosed()
      case .blocked: break
      }
      let now = WallClock.monotonicNanoseconds()
      guard now < deadline else { throw HTTPStreamClosed() }
      let patience = deadline == .max ? -1 : Int32(clamping: (deadline - now) / 1_000_000 + 1)
      var socket = pollfd(fd: connection.descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&socket, 1, patience)
    }
  }
}
