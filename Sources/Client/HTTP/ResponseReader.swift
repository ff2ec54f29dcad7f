/// Reads HTTP/1.1 responses (RFC 9112) from a stream of bytes, within bounds.
struct ResponseReader {
  private let receive: (Int) throws(TransportError) -> [UInt8]
  private var buffer: [UInt8] = []
  private var at = 0
  private let bodyLimit: Int
  /// Whether the connection can carry another exchange after this answer.
  private(set) var isReusable = true

  /// `receive` brings up to so many bytes, and none at the end of the stream.
  init(bodyLimit: Int, receive: @escaping (Int) throws(TransportError) -> [UInt8]) {
    self.bodyLimit = bodyLimit
    self.receive = receive
  }

  static let headLimit = 256 << 10

  mutating func response(method: String, sink: BodySink?) throws(TransportError) -> HTTPResponse {
    isReusable = true
    while true {
      var response = try head()
      // Interim answers carry nothing for us; 101 is never asked for.
      if (100..<200).contains(response.status) && response.status != 101 { continue }
      if method == "HEAD" || response.status == 204 || response.status == 304 { return response }
      let toSink = (200..<300).contains(response.status) ? sink : nil
      try body(of: &response, sink: toSink)
      return response
    }
  }

  private mutating func head() throws(TransportError) -> HTTPResponse {
    var budget = Self.headLimit
    let line = try self.line(&budget)
    let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), parts[1].utf8.count == 3, let status = Int(parts[1]),
      (100...999).contains(status)
    else { throw TransportError("malformed HTTP response", mayPass: false) }
    if parts[0] == "HTTP/1.0" { isReusable = false }
    var response = HTTPResponse(status: status)
    while true {
      let line = try self.line(&budget)
      if line.isEmpty { break }
      guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else {
        throw TransportError("malformed HTTP response: bad header line", mayPass: false)
      }
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      response.headers.append((String(line[..<colon]), String(value)))
    }
    if response[header: "connection"]?.lowercased().contains("close") == true { isReusable = false }
    return response
  }

  private mutating func body(of response: inout HTTPResponse, sink: BodySink?) throws(TransportError) {
    var taken: [UInt8] = []
    var total = 0
    let limit = bodyLimit
    /// False when the sink has enough.
    func take(_ piece: ArraySlice<UInt8>) throws(TransportError) -> Bool {
      if let sink { return sink(piece) }
      total += piece.count
      if total > limit { throw TransportError("response is larger than \(limit) bytes", mayPass: false) }
      taken.append(contentsOf: piece)
      return true
    }
    if response[header: "transfer-encoding"]?.lowercased().contains("chunked") == true {
      while true {
        var budget = 4096
        let line = try self.line(&budget)
        guard let size = Int(line.prefix { $0 != ";" && $0 != " " }, radix: 16), size >= 0 else {
          throw TransportError("malformed chunked encoding", mayPass: false)
        }
        if size == 0 { break }
        if try !span(size, take) {
          isReusable = false
          return
        }
        _ = try self.line(&budget)
      }
      var budget = Self.headLimit
      while try !self.line(&budget).isEmpty {}
    } else if let text = response[header: "content-length"] {
      guard let size = Int(text), size >= 0 else { throw TransportError("bad Content-Length", mayPass: false) }
      if sink == nil && size > limit {
        throw TransportError("response is larger than \(limit) bytes", mayPass: false)
      }
      if try !span(size, take) { isReusable = false }
    } else {
      isReusable = false
      while try fill() {
        let piece = buffer[at...]
        at = buffer.count
        if try !take(piece) { break }
      }
    }
    response.body = taken
  }

  /// Passes on exactly `count` bytes; false when the taker had enough before.
  private mutating func span(
    _ count: Int, _ take: (ArraySlice<UInt8>) throws(TransportError) -> Bool
  ) throws(TransportError) -> Bool {
    var left = count
    while left > 0 {
      guard try fill() else { throw TransportError("unexpected EOF") }
      let n = min(left, buffer.count - at)
      let piece = buffer[at..<at + n]
      at += n
      left -= n
      if try !take(piece) { return false }
    }
    return true
  }

  private mutating func line(_ budget: inout Int) throws(TransportError) -> String {
    var line: [UInt8] = []
    while true {
      guard try fill() else { throw TransportError("EOF") }
      let rest = buffer[at...]
      let end = rest.firstIndex(of: 10)
      line.append(contentsOf: rest[..<(end ?? rest.endIndex)])
      at = end.map { $0 + 1 } ?? buffer.count
      budget -= line.count
      if budget < 0 { throw TransportError("response header is too large", mayPass: false) }
      if end != nil {
        if line.last == 13 { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
      }
    }
  }

  /// Makes sure that a byte is there; false at the end of the stream.
  private mutating func fill() throws(TransportError) -> Bool {
    if at < buffer.count { return true }
    buffer = try receive(64 << 10)
    at = 0
    return !buffer.isEmpty
  }
}
