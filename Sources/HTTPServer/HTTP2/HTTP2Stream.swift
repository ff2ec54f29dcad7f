internal import CNGHTTP2
internal import Primitives

/// A request and its answer in an HTTP/2 session.
final class HTTP2Stream {
  let id: Int32
  private(set) var method = ""
  private(set) var path = ""
  private(set) var query = ""
  private var authority: [UInt8] = []
  private var headers = HTTPHeaders()
  private var headerBytes = 0
  private var hasHost = false
  private(set) var contentLength: Int?
  private(set) var failure: HTTPFailure?
  let started = WallClock.monotonicNanoseconds()

  var body: [UInt8] = []
  /// The client has not ended its side.
  var isReceiving = true
  /// Answered before it was whole; what still comes is thrown away.
  var isRefused = false
  var hasAnswer = false
  var answer: [UInt8] = []
  /// How much of the answer has gone into frames.
  var answered = 0
  var channel: HTTP2BodyChannel?

  init(id: Int32) { self.id = id }

  var isHead: Bool { method == "HEAD" }

  var hasUnsentBytes: Bool { answered < answer.count || channel?.hasBytes == true }

  func deadline(_ timeouts: ClientTimeouts) -> UInt64 { Connection.deadline(started, timeouts.request) }

  func add(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>, limits: ServerLimits) {
    // As SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113, section 6.5.2).
    headerBytes += name.count + value.count + 32
    guard failure == nil else { return }
    guard headerBytes <= limits.headerBytes, headers.count < limits.headerCount else {
      failure = .headersTooLarge
      return
    }
    guard name.first == UInt8(ascii: ":") else {
      if name.elementsEqual("host".utf8) { hasHost = true }
      if name.elementsEqual("content-length".utf8) { contentLength = Int(String(decoding: value, as: UTF8.self)) }
      headers.append(name: name, value: value)
      return
    }
    switch String(decoding: name, as: UTF8.self) {
    case ":method": method = String(decoding: value, as: UTF8.self)
    case ":authority": authority = [UInt8](value)
    case ":path": setTarget(value)
    default: break
    }
  }

  private func setTarget(_ target: UnsafeBufferPointer<UInt8>) {
    guard target.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
      failure = .badRequest("malformed request target")
      return
    }
    let mark = target.firstIndex(of: UInt8(ascii: "?"))
    path = String(decoding: target[..<(mark ?? target.count)], as: UTF8.self)
    if let mark { query = String(decoding: target[(mark + 1)...], as: UTF8.self) }
  }

  /// What is wrong with the head as a whole.
  func check() -> HTTPFailure? {
    if method == "CONNECT" { return nil }
    guard path.utf8.first == UInt8(ascii: "/") || path == "*" && method == "OPTIONS" else {
      return .badRequest("malformed request target")
    }
    return nil
  }

  func takeHeaders() -> HTTPHeaders {
    if !hasHost, !authority.isEmpty { headers.append(name: "host".utf8, value: authority) }
    defer { headers = HTTPHeaders() }
    return headers
  }
}

/// Header fields of an answer in the form that nghttp2 takes them.
struct HeaderBlock {
  private var bytes: [UInt8] = []
  private var ends: [(name: Int, value: Int)] = []

  mutating func append(_ name: StaticString, decimal: Int) {
    ResponseEncoder.append(name, to: &bytes)
    let middle = bytes.count
    ResponseEncoder.appendDecimal(decimal, to: &bytes)
    ends.append((middle, bytes.count))
  }

  mutating func append(_ name: StaticString, bytes value: [UInt8]) {
    ResponseEncoder.append(name, to: &bytes)
    let middle = bytes.count
    bytes.append(contentsOf: value)
    ends.append((middle, bytes.count))
  }

  /// The name in lower case, the value without blanks around it, as HTTP/2 demands.
  mutating func append(_ name: String, text value: String) {
    for byte in name.utf8 where byte.isTokenCharacter { bytes.append(byte.asciiLowercased) }
    let middle = bytes.count
    var text: [UInt8] = []
    ResponseEncoder.appendText(value, to: &text)
    var trimmed = text[...]
    while let first = trimmed.first, first.isBlank { trimmed.removeFirst() }
    while let last = trimmed.last, last.isBlank { trimmed.removeLast() }
    bytes.append(contentsOf: trimmed)
    ends.append((middle, bytes.count))
  }

  /// The fields are copied by whoever takes them; they are valid during the call alone.
  mutating func withFields(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Void) {
    let ends = ends
    bytes.withUnsafeMutableBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      var start = 0
      var fields: [nghttp2_nv] = []
      fields.reserveCapacity(ends.count)
      for end in ends {
        fields.append(
          nghttp2_nv(
            name: base + start, value: base + end.name, namelen: end.name - start, valuelen: end.value - end.name,
            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
        start = end.value
      }
      fields.withUnsafeBufferPointer(body)
    }
  }
}
