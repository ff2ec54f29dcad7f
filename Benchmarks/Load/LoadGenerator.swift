internal import CSystem
internal import Glibc

/// What a load of requests gave.
struct Measurement {
  var requests = 0
  var seconds = 0.0
  var unexpected: [Int: Int] = [:]
  /// Seconds from sending to the answer's last byte, ascending.
  var latencies: [Float] = []
  var serverSeconds = 0.0
  var ownSeconds = 0.0
  var megabytes = 0.0
  var bodyBytes = 0

  var throughput: Double { seconds > 0 ? Double(requests) / seconds : 0 }
  /// CPU microseconds of the server for one request.
  var cost: Double { requests > 0 ? serverSeconds * 1e6 / Double(requests) : 0 }

  func percentile(_ share: Double) -> Double {
    guard !latencies.isEmpty else { return 0 }
    return Double(latencies[min(latencies.count - 1, Int(Double(latencies.count) * share))])
  }
}

/// Keeps connections busy with one request each, all from one thread, so that as little as possible of the machine goes to it.
struct LoadGenerator {
  var connections = 32
  var seconds = 2.0
  /// With this many requests it ends before its time.
  var limit = Int.max

  /// The bytes of the n-th request of all.
  typealias Source = (_ number: Int) -> [UInt8]

  private struct Slot {
    let descriptor: Int32
    var parser: AnswerParser
    var began = 0.0
    var unsent: ArraySlice<UInt8> = []
    /// Until the socket takes more.
    var isWaiting = false
  }

  /// - Parameter answered: is given the body of each answer, where anybody wants to see it.
  func run(
    against server: ServedProcess, expecting status: Int, answered: (([UInt8]) -> Void)? = nil, _ source: Source
  ) throws -> Measurement {
    let poll = epoll_create1(0)
    defer { close(poll) }
    var slots: [Slot] = []
    defer { for slot in slots { close(slot.descriptor) } }
    for number in 0..<connections {
      let descriptor = try connectedSocket(port: server.port)
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
      slots.append(Slot(descriptor: descriptor, parser: AnswerParser(keepsBody: answered != nil)))
      try watch(poll, descriptor, number, EPOLL_CTL_ADD, writing: false)
    }
    var result = Measurement()
    result.latencies.reserveCapacity(1 << 20)
    let serverBefore = server.processorSeconds
    let ownBefore = ownProcessorSeconds()
    let began = now()
    let end = began + seconds
    var sent = 0
    for number in slots.indices where sent < limit {
      try begin(&slots[number], number, source(sent), poll)
      sent += 1
    }
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var events = [epoll_event](repeating: epoll_event(), count: connections)
    var open = min(sent, slots.count)
    while open > 0 {
      let count = epoll_wait(poll, &events, Int32(events.count), 10_000)
      guard count > 0 else {
        if count < 0 && errno == EINTR { continue }
        throw Problem("no answer within ten seconds")
      }
      for event in events[..<Int(count)] {
        let number = Int(event.data.u32)
        if event.events & EPOLLOUT.rawValue != 0 { try flush(&slots[number], number, poll) }
        guard event.events & ~EPOLLOUT.rawValue != 0 else { continue }
        let received = recv(slots[number].descriptor, &buffer, buffer.count, 0)
        if received < 0 && (errno == EAGAIN || errno == EINTR) { continue }
        guard received > 0 else { throw Problem("the server closed a connection") }
        guard try slots[number].parser.take(buffer[..<received]) else { continue }
        let time = now()
        result.requests += 1
        answered?(slots[number].parser.body)
        result.bodyBytes += slots[number].parser.bodyBytes
        result.latencies.append(Float(time - slots[number].began))
        if slots[number].parser.status != status { result.unexpected[slots[number].parser.status, default: 0] += 1 }
        if time < end && sent < limit {
          try begin(&slots[number], number, source(sent), poll)
          sent += 1
        } else {
          open -= 1
        }
      }
    }
    result.seconds = now() - began
    result.serverSeconds = server.processorSeconds - serverBefore
    result.ownSeconds = ownProcessorSeconds() - ownBefore
    result.megabytes = server.residentMegabytes
    result.latencies.sort()
    return result
  }

  private func watch(_ poll: Int32, _ descriptor: Int32, _ number: Int, _ change: Int32, writing: Bool) throws {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue | (writing ? EPOLLOUT.rawValue : 0)
    event.data.u32 = UInt32(number)
    guard epoll_ctl(poll, change, descriptor, &event) == 0 else { throw Problem("epoll_ctl failed") }
  }

  private func begin(_ slot: inout Slot, _ number: Int, _ bytes: [UInt8], _ poll: Int32) throws {
    slot.began = now()
    slot.unsent = bytes[...]
    try flush(&slot, number, poll)
  }

  private func flush(_ slot: inout Slot, _ number: Int, _ poll: Int32) throws {
    let before = slot.unsent.count
    while !slot.unsent.isEmpty {
      let descriptor = slot.descriptor
      let count = slot.unsent.withUnsafeBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 && (errno == EAGAIN || errno == EINTR) {
        try watch(poll, slot.descriptor, number, EPOLL_CTL_MOD, writing: true)
        slot.isWaiting = true
        return
      }
      guard count > 0 else { throw Problem("the server closed a connection") }
      slot.unsent = slot.unsent.dropFirst(count)
    }
    if before > 0 && slot.isWaiting {
      slot.isWaiting = false
      try watch(poll, slot.descriptor, number, EPOLL_CTL_MOD, writing: false)
    }
  }
}
