internal import Glibc
internal import HTTPServer

/// Answers every request with the same text: what the HTTP stack itself costs.
///
///     bare-route PORT BYTES
struct ConstantRoute: HTTPHandler {
  let body: [UInt8]

  func handle(_ request: HTTPRequest) -> HTTPResponse {
    HTTPResponse(
      status: 200,
      headers: [
        ("Cache-Control", "no-store"), ("Content-Type", "application/json"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
      ], body: .bytes(body))
  }

  func failure(_ failure: HTTPFailure, listener: Int) -> HTTPResponse { HTTPResponse(status: failure.status) }
}

guard CommandLine.arguments.count == 3, let port = Int(CommandLine.arguments[1]),
  let size = Int(CommandLine.arguments[2])
else {
  let usage = Array("usage: bare-route PORT BYTES\n".utf8)
  write(STDERR_FILENO, usage, usage.count)
  exit(1)
}
let filler = [UInt8](repeating: UInt8(ascii: "a"), count: max(0, size - 8))
let route = ConstantRoute(body: Array("{\"a\":\"".utf8) + filler + Array("\"}".utf8))
let server = try HTTPServer(
  listeners: [ListenerSettings(address: .tcp(host: "127.0.0.1", port: port))], handler: route)
try server.start()
while true { pause() }
