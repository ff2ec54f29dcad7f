package import EngineAPI
package import JSONText
import Logging
package import Tokens

/// How a request ended, before it is written for the wire or the audit log.
package struct Outcome {
  package enum Body {
    case failure(any Error)
    /// Nothing to send: 204, or 404 for reads and lists.
    case none
    case envelope(Envelope)
    /// What is sent without an envelope: a document, bytes, a stream.
    case bare(Reply)
  }

  package var body: Body
  package var status: Int
  package var headers: [(name: String, value: String)] = []
  /// What the answer holds that is wrapped away: only its token's face is recorded.
  package var wrap: WrapInfo?
  /// The token that the answer hands out, or has prolonged.
  package var issued: IssuedToken?
  /// The login made an entity for somebody who had none.
  var hasNewEntity = false
  /// The lease that the answer is about; empty for none.
  var leaseID = ""
  /// The lease was made for this answer.
  var hasNewLease = false

  init(failure: any Error) {
    body = .failure(failure)
    status = 500
  }

  init(_ body: Body, status: Int, headers: [(name: String, value: String)] = []) {
    self.body = body
    self.status = status
    self.headers = headers
  }

  func response(log: Logger) -> WireResponse {
    var response: WireResponse
    switch body {
    case .failure(let error): response = Failures.response(to: error, log: log)
    case .none:
      response = status == 404 ? .errors(404, []) : WireResponse(status: status, contentType: "", body: .bytes([]))
    case .envelope(let envelope): response = .json(status, envelope.bytes)
    case .bare(let reply):
      switch reply.content {
      case .plain(let text): response = .json(status, text.bytes + [UInt8(ascii: "\n")])
      case .envelope(let text): response = .json(status, text.bytes)
      case .raw(let type, let bytes): response = WireResponse(status: status, contentType: type, body: .bytes(bytes))
      case .stream(let type, let body): response = WireResponse(status: status, contentType: type, body: .stream(body))
      case .none, .data, .login, .resumed, .auth: response = .errors(500, ["internal error"])
      }
    }
    response.headers = headers
    return response
  }
}

/// The object around every ordinary answer. A class, because outcomes are handed on and it has many members.
package final class Envelope {
  var requestID = ""
  var leaseID = ""
  var renewable = false
  var leaseDuration: Int64 = 0
  package var data: JSONText?
  package var wrapInfo: JSONText?
  package var warnings: [String] = []
  package var auth: JSONText?
  var mountType = ""
  /// Members of `data` stand at the top too, for old clients.
  var repeatsData = false
  var endsWithLineFeed = true

  var bytes: [UInt8] {
    var writer = JSONWriter(reserving: 256 + (data?.bytes.count ?? 0))
    writer.beginObject()
    if repeatsData, let data, let members = try? JSONParser.rawMembers(data.bytes, limits: .unlimited) {
      for (name, value) in members where !Self.memberNames.contains(name) {
        writer.name(name)
        writer.text(value)
      }
    }
    writer.name("request_id")
    writer.string(requestID)
    writer.name("lease_id")
    writer.string(leaseID)
    writer.name("renewable")
    writer.bool(renewable)
    writer.name("lease_duration")
    writer.int(leaseDuration)
    writer.name("data")
    writer.text(data ?? .null)
    writer.name("wrap_info")
    writer.text(wrapInfo ?? .null)
    writer.name("warnings")
    if warnings.isEmpty { writer.null() } else { writer.strings(warnings) }
    writer.name("auth")
    writer.text(auth ?? .null)
    writer.name("mount_type")
    writer.string(mountType)
    writer.endObject()
    if endsWithLineFeed { writer.endLine() }
    return writer.bytes
  }

  private static let memberNames: Set<String> = [
    "request_id", "lease_id", "renewable", "lease_duration", "data", "wrap_info", "warnings", "auth", "mount_type",
  ]
}
