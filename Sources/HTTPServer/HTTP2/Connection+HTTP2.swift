internal import Glibc
internal import Primitives

/// HTTP/2 over a connection: moves bytes between the socket and the session.
extension Connection {
  func serveHTTP2(_ worker: Worker) -> Outcome {
    guard let session else { return .close }
    session.collectDeliveries()
    if reactor.isStopping { session.goAway() }
    var taken = 0
    var last = false
    while true {
      switch sendFrames(session, worker) {
      case .bytes: break
      case .blocked: return keepCounts(session, .wait)
      case .ended, .failed: return keepCounts(session, .close)
      }
      if session.isFinished { return keepCounts(session, finishSession(worker)) }
      if last { return keepCounts(session, .wait) }
      if taken >= Self.turnBytes { return keepCounts(session, .yield) }
      switch receive(worker, last: &last) {
      case .bytes(let count):
        _ = session.receive(UnsafeRawBufferPointer(start: worker.input.baseAddress, count: count))
        taken += count
      case .blocked: break
      case .ended, .failed: return keepCounts(session, .close)
      }
    }
  }

  private func keepCounts(_ session: HTTP2Session, _ outcome: Outcome) -> Outcome {
    served += session.served
    failed += session.failed
    session.served = 0
    session.failed = 0
    return outcome
  }

  /// `bytes` when the session has nothing more to send.
  private func sendFrames(_ session: HTTP2Session, _ worker: Worker) -> Transport.Transfer {
    while true {
      let result = flush()
      guard case .bytes = result else { return result }
      guard session.send(to: &worker.output) else {
        worker.output.removeAll(keepingCapacity: true)
        return .failed
      }
      if worker.output.isEmpty { return .bytes(0) }
      let sent = send(worker)
      guard case .bytes = sent else { return sent }
    }
  }

  private func finishSession(_ worker: Worker) -> Outcome {
    lingersAfterOutput = true
    return finishOutput(worker)
  }

  func expireHTTP2(_ worker: Worker) -> Outcome {
    guard let session else { return .close }
    if session.expire(now: WallClock.monotonicNanoseconds()) { return serveHTTP2(worker) }
    session.goAway()
    _ = sendFrames(session, worker)
    return .close
  }

  func refuseHTTP2(_ failure: HTTPFailure, _ worker: Worker) -> Outcome {
    guard let session else { return .close }
    session.refuseUnfinished(failure)
    return serveHTTP2(worker)
  }
}
