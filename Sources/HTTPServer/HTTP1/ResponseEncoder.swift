internal import Glibc
internal import Primitives

/// Writes HTTP/1.1 answers (RFC 9112, section 4) to the end of a buffer.
enum ResponseEncoder {
  enum Framing {
    case length(Int)
    case chunked
    /// The body ends with the connection: all that HTTP/1.0 has for a stream.
    case untilClose
    /// Answers that have no body by their status (RFC 9110, section 6.4.1).
    case none
  }

  static func framing(status: Int, length: Int) -> Framing {
    status == 204 || status == 304 || status < 200 ? .none : .length(length)
  }

  static func appendHead(
    _ response: HTTPResponse, framing: Framing, keepsAlive: Bool, minorVersion: Int, date: [UInt8],
    to out: inout [UInt8]
  ) {
    appendStatusLine(response.status, to: &out)
    for header in response.headers where !isOurs(header.name) {
      appendText(header.name, to: &out)
      append(": ", to: &out)
      appendText(header.value, to: &out)
      append("\r\n", to: &out)
    }
    append("Date: ", to: &out)
    out.append(contentsOf: date)
    switch framing {
    case .length(let length):
      append("\r\nContent-Length: ", to: &out)
      appendDecimal(length, to: &out)
    case .chunked: append("\r\nTransfer-Encoding: chunked", to: &out)
    case .untilClose, .none: break
    }
    if !keepsAlive {
      append("\r\nConnection: close", to: &out)
    } else if minorVersion == 0 {
      append("\r\nConnection: keep-alive", to: &out)
    }
    append("\r\n\r\n", to: &out)
  }

  static func appendChunk(_ bytes: [UInt8], to out: inout [UInt8]) {
    appendHex(bytes.count, to: &out)
    append("\r\n", to: &out)
    out.append(contentsOf: bytes)
    append("\r\n", to: &out)
  }

  static let lastChunk = Array("0\r\n\r\n".utf8)

  /// Fields that follow from the connection, so that a handler has no say in them.
  static func isOurs(_ name: String) -> Bool {
    switch name.utf8.count {
    case 4: equals(name, "date")
    case 7: equals(name, "upgrade")
    case 10: equals(name, "connection") || equals(name, "keep-alive")
    case 14: equals(name, "content-length")
    case 16: equals(name, "proxy-connection")
    case 17: equals(name, "transfer-encoding")
    default: false
    }
  }

  private static func equals(_ name: String, _ lowercase: StaticString) -> Bool {
    lowercase.withUTF8Buffer { expected in name.utf8.elementsEqual(expected) { $0.asciiLowercased == $1 } }
  }

  /// Line breaks in a value would let its author write headers of his own.
  static func appendText(_ text: String, to out: inout [UInt8]) {
    let start = out.count
    out.append(contentsOf: text.utf8)
    for at in start..<out.count where out[at] == 13 || out[at] == 10 || out[at] == 0 { out[at] = 32 }
  }

  static func append(_ text: StaticString, to out: inout [UInt8]) {
    text.withUTF8Buffer { out.append(contentsOf: $0) }
  }

  static func appendDecimal(_ value: Int, to out: inout [UInt8]) {
    var scale = 1
    while value / scale >= 10 { scale *= 10 }
    while scale > 0 {
      out.append(48 &+ UInt8(truncatingIfNeeded: value / scale % 10))
      scale /= 10
    }
  }

  private static func appendHex(_ value: Int, to out: inout [UInt8]) {
    var shift = max(0, (Int.bitWidth - 1 - value.leadingZeroBitCount) / 4 * 4)
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: value >> shift & 15)
      out.append(digit < 10 ? 48 &+ digit : 87 &+ digit)
      shift -= 4
    }
  }

  private static func appendStatusLine(_ status: Int, to out: inout [UInt8]) {
    if status == 200 {
      append("HTTP/1.1 200 OK\r\n", to: &out)
      return
    }
    append("HTTP/1.1 ", to: &out)
    appendDecimal(min(max(status, 100), 999), to: &out)
    out.append(32)
    append(reason(status), to: &out)
    append("\r\n", to: &out)
  }

  /// The phrases of the IANA registry; they mean nothing to programs.
  private static func reason(_ status: Int) -> StaticString {
    switch status {
    case 100: "Continue"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 206: "Partial Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 412: "Precondition Failed"
    case 413: "Request Entity Too Large"
    case 414: "Request URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 421: "Misdirected Request"
    case 422: "Unprocessable Entity"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: "Status"
    }
  }
}

/// The `Date` header (RFC 9110, section 5.6.7), made once a second.
struct DateLine {
  private let clock: WallClock
  private var second: Int64 = .min
  private var cached: [UInt8] = []

  init(clock: WallClock) { self.clock = clock }

  mutating func bytes() -> [UInt8] {
    let now = clock.now().seconds
    if now != second {
      second = now
      cached = Self.format(seconds: now)
    }
    return cached
  }

  /// `Sun, 06 Nov 1994 08:49:37 GMT`
  static func format(seconds: Int64) -> [UInt8] {
    var moment = time_t(seconds)
    var parts = tm()
    gmtime_r(&moment, &parts)
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let day = days[Int(parts.tm_wday) % 7]
    let month = months[Int(parts.tm_mon) % 12]
    let date = "\(day), \(two(parts.tm_mday)) \(month) \(Int(parts.tm_year) + 1900)"
    return Array("\(date) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT".utf8)
  }
}
