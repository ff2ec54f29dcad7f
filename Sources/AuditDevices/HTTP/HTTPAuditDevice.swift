package import AuditAPI
internal import Client
internal import Glibc
internal import Primitives

/// Posts each entry to a server over HTTP or HTTPS.
package final class HTTPAuditDevice: AuditDevice {
  /// Options: `uri`, `headers` (a JSON object of lists of texts), `timeout` (of one post, default `5s`), and for HTTPS
  /// `tls_ca_cert`, `tls_client_cert`, `tls_client_key` (PEM files) and `tls_server_name`.
  package static let type = AuditDeviceType(name: "http") { context throws(AuditDeviceError) in
    try HTTPAuditDevice(context)
  }

  private struct Line {
    var transport: ConnectionTransport?
    /// An exchange went through it.
    var isProven = false
  }

  /// Unchecked because a transport is taken out by the one thread that writes, and put back when it is done.
  private final class Held: @unchecked Sendable {
    private let line = Locked(Line())

    func take() -> Line {
      line.withLock { line in
        defer { line = Line() }
        return line
      }
    }

    func put(_ taken: Line) { line.withLock { $0 = taken } }
  }

  private let options: HTTPDeviceOptions
  private let held = Held()
  /// Counts what makes a kept connection of no more use.
  private let changes = Locked(0)
  private let isClosed = Locked(false)
  package let isPrompt = false

  package init(_ context: AuditDeviceContext) throws(AuditDeviceError) { options = try HTTPDeviceOptions(context) }

  package func write(_ entries: [UInt8]) throws(AuditDeviceError) {
    if isClosed.withLock({ $0 }) { throw AuditDeviceError("the device is closed") }
    let changes = changes.withLock { $0 }
    var line = held.take()
    var rest = entries[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      try post(Array(rest[...end]), &line)
      rest = rest[(end + 1)...]
    }
    if self.changes.withLock({ $0 }) == changes { held.put(line) }
  }

  package func reopen() throws(AuditDeviceError) {
    changes.withLock { $0 += 1 }
    _ = held.take()
  }

  package func close() {
    isClosed.withLock { $0 = true }
    changes.withLock { $0 += 1 }
    _ = held.take()
  }

  private func post(_ entry: [UInt8], _ line: inout Line) throws(AuditDeviceError) {
    let request = options.request(entry)
    let response: HTTPResponse
    do throws(TransportError) {
      response = try exchange(request, &line)
    } catch {
      throw AuditDeviceError("unable to post: \(error)")
    }
    if !(200..<300).contains(response.status) {
      throw AuditDeviceError("unable to post: the server answers \(response.status)")
    }
  }

  /// Servers close connections that they kept; what such a one did not take is posted once more through a new one.
  private func exchange(_ request: HTTPRequest, _ line: inout Line) throws(TransportError) -> HTTPResponse {
    if let kept = line.transport, line.isProven {
      line = Line()
      do throws(TransportError) {
        let response = try kept.exchange(request, sink: nil)
        line = Line(transport: kept, isProven: true)
        return response
      } catch {
        if !error.mayPass { throw error }
      }
    }
    let fresh = ConnectionTransport(options.configuration)
    let response = try fresh.exchange(request, sink: nil)
    line = Line(transport: fresh, isProven: true)
    return response
  }
}
