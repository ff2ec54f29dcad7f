internal import Glibc

/// Request line and header fields of one HTTP/1 request, and what they say about the connection.
struct RequestHead: Sendable {
  enum Framing: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
  }

  var method = ""
  var path = ""
  var query = ""
  var headers = HTTPHeaders()
  /// 0 or 1.
  var minorVersion = 1
  var keepsAlive = true
  var expectsContinue = false
  var framing = Framing.none
}

extension RequestHead {
  /// Reads a head without its empty line at the end; each line ends with CR LF (RFC 9112, sections 3 and 5).
  ///
  /// Strict wherever two readers could disagree about where a request ends: no folded lines, no blank before a colon, no
  /// bare CR or LF, one length at most and never together with a transfer coding (section 11.2).
  init(parsing bytes: UnsafeBufferPointer<UInt8>, maxFields: Int) throws(HTTPFailure) {
    var start = try parseRequestLine(bytes)
    let fieldsStart = start
    var fields: [HTTPHeaders.Field] = []
    fields.reserveCapacity(16)
    var storage = [UInt8](UnsafeBufferPointer(rebasing: bytes[fieldsStart...]))
    var facts = Facts()
    while start < bytes.count {
      guard let end = Self.lineEnd(bytes, from: start) else { throw .badRequest("malformed header line") }
      guard fields.count < maxFields else { throw .headersTooLarge }
      let field = try Self.parseField(bytes, start, end)
      for at in field.nameStart..<field.nameEnd {
        storage[at - fieldsStart] = storage[at - fieldsStart].asciiLowercased
      }
      fields.append(
        HTTPHeaders.Field(
          nameStart: UInt32(field.nameStart - fieldsStart), nameEnd: UInt32(field.nameEnd - fieldsStart),
          valueStart: UInt32(field.valueStart - fieldsStart), valueEnd: UInt32(field.valueEnd - fieldsStart)))
      let value = UnsafeBufferPointer(rebasing: bytes[field.valueStart..<field.valueEnd])
      try facts.note(name: UnsafeBufferPointer(rebasing: bytes[field.nameStart..<field.nameEnd]), value: value)
      start = end + 2
    }
    headers = HTTPHeaders(storage: storage, fields: fields)
    try apply(facts)
  }

  /// What the fields say that decides framing and persistence.
  private struct Facts {
    var length: Int?
    var chunked = false
    var hosts = 0
    var close = false
    var keepAlive = false
    var expectsContinue = false

    mutating func note(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) throws(HTTPFailure) {
      switch name.count {
      case 4 where equalsIgnoringCase(name, "host"):
        hosts += 1
        guard hosts == 1 else { throw .badRequest("too many Host headers") }
        guard value.allSatisfy(\.isHostCharacter) else { throw .badRequest("malformed Host header") }
      case 6 where equalsIgnoringCase(name, "expect"):
        if equalsIgnoringCase(value, "100-continue") { expectsContinue = true }
      case 10 where equalsIgnoringCase(name, "connection"):
        for option in value.split(separator: UInt8(ascii: ",")) {
          let option = trimmed(UnsafeBufferPointer(rebasing: option))
          if equalsIgnoringCase(option, "close") { close = true }
          if equalsIgnoringCase(option, "keep-alive") { keepAlive = true }
        }
      case 14 where equalsIgnoringCase(name, "content-length"):
        guard length == nil else { throw .badRequest("too many Content-Length headers") }
        guard let number = decimal(value) else { throw .badRequest("bad Content-Length") }
        length = number
      case 17 where equalsIgnoringCase(name, "transfer-encoding"):
        guard !chunked else { throw .badRequest("too many transfer encodings") }
        guard equalsIgnoringCase(value, "chunked") else { throw .notImplemented }
        chunked = true
      default: break
      }
    }
  }

  private mutating func apply(_ facts: Facts) throws(HTTPFailure) {
    if facts.chunked {
      guard facts.length == nil else { throw .badRequest("both Content-Length and Transfer-Encoding") }
      guard minorVersion > 0 else { throw .badRequest("Transfer-Encoding in HTTP/1.0") }
      framing = .chunked
    } else if let length = facts.length, length > 0 {
      framing = .length(length)
    }
    guard facts.hosts == 1 || minorVersion == 0 else { throw .badRequest("missing required Host header") }
    keepsAlive = !facts.close && (minorVersion > 0 || facts.keepAlive)
    expectsContinue = facts.expectsContinue && minorVersion > 0 && framing != .none
  }

  /// The place after the line.
  private mutating func parseRequestLine(_ bytes: UnsafeBufferPointer<UInt8>) throws(HTTPFailure) -> Int {
    guard let end = Self.lineEnd(bytes, from: 0) else { throw .badRequest("malformed request line") }
    let space = UInt8(ascii: " ")
    var at = 0
    while at < end, bytes[at].isTokenCharacter { at += 1 }
    guard at > 0, at < end, bytes[at] == space else { throw .badRequest("malformed request line") }
    method = text(bytes, 0, at)
    let targetStart = at + 1
    at = targetStart
    var queryMark: Int?
    while at < end, bytes[at] > 0x20, bytes[at] != 0x7F {
      if queryMark == nil, bytes[at] == UInt8(ascii: "?") { queryMark = at }
      at += 1
    }
    guard at > targetStart, at < end, bytes[at] == space else { throw .badRequest("malformed request line") }
    let targetEnd = at
    try parseVersion(UnsafeBufferPointer(rebasing: bytes[(at + 1)..<end]))

    var pathStart = targetStart
    if method != "CONNECT", bytes[targetStart] != UInt8(ascii: "/") {
      let target = UnsafeBufferPointer(rebasing: bytes[targetStart..<targetEnd])
      if target.count == 1, target[0] == UInt8(ascii: "*") {
        guard method == "OPTIONS" else { throw .badRequest("malformed request target") }
      } else {
        guard let offset = Self.authorityEnd(target) else { throw .badRequest("malformed request target") }
        pathStart = targetStart + offset
        if let mark = queryMark, mark < pathStart { queryMark = nil }
      }
    }
    path = text(bytes, pathStart, queryMark ?? targetEnd)
    if path.isEmpty { path = "/" }
    if let queryMark { query = text(bytes, queryMark + 1, targetEnd) }
    return end + 2
  }

  private mutating func parseVersion(_ version: UnsafeBufferPointer<UInt8>) throws(HTTPFailure) {
    guard version.count == 8, startsIgnoringCase(version, "HTTP/"), version[0] == UInt8(ascii: "H"),
      version[1] == UInt8(ascii: "T"), version[2] == UInt8(ascii: "T"), version[3] == UInt8(ascii: "P"),
      version[5].isDigit, version[6] == UInt8(ascii: "."), version[7].isDigit
    else { throw .badRequest("malformed HTTP version") }
    guard version[5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
    minorVersion = version[7] == UInt8(ascii: "0") ? 0 : 1
  }

  /// Where the path begins in a target in absolute form (RFC 9112, section 3.2.2), which may be its end.
  private static func authorityEnd(_ target: UnsafeBufferPointer<UInt8>) -> Int? {
    let scheme = startsIgnoringCase(target, "http://") ? 7 : startsIgnoringCase(target, "https://") ? 8 : 0
    guard scheme > 0 else { return nil }
    var at = scheme
    while at < target.count, target[at].isHostCharacter { at += 1 }
    guard at > scheme else { return nil }
    if at < target.count, target[at] != UInt8(ascii: "/"), target[at] != UInt8(ascii: "?") { return nil }
    return at
  }

  private struct Span {
    var nameStart = 0
    var nameEnd = 0
    var valueStart = 0
    var valueEnd = 0
  }

  private static func parseField(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) throws(HTTPFailure)
    -> Span
  {
    var span = Span(nameStart: start, nameEnd: start, valueStart: end, valueEnd: end)
    var at = start
    while at < end, bytes[at].isTokenCharacter { at += 1 }
    guard at > start, at < end, bytes[at] == UInt8(ascii: ":") else { throw .badRequest("malformed header name") }
    span.nameEnd = at
    at += 1
    while at < end, bytes[at].isBlank { at += 1 }
    span.valueStart = at
    while span.valueEnd > at, bytes[span.valueEnd - 1].isBlank { span.valueEnd -= 1 }
    while at < span.valueEnd {
      let byte = bytes[at]
      guard byte >= 0x20 || byte == 9, byte != 0x7F else { throw .badRequest("malformed header value") }
      at += 1
    }
    return span
  }

  /// Checks a line of a trailer section, whose fields are dropped.
  static func checkField(_ line: UnsafeBufferPointer<UInt8>) throws(HTTPFailure) {
    _ = try parseField(line, 0, line.count)
  }

  private static func lineEnd(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    guard start < bytes.count, let base = bytes.baseAddress,
      let found = memchr(base + start, 10, bytes.count - start)
    else { return nil }
    let at = found - UnsafeMutableRawPointer(mutating: base)
    guard at > start, bytes[at - 1] == 13 else { return nil }
    return at - 1
  }
}

private func text(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> String {
  String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self)
}

private func equalsIgnoringCase(_ bytes: UnsafeBufferPointer<UInt8>, _ lowercase: StaticString) -> Bool {
  bytes.count == lowercase.utf8CodeUnitCount && startsIgnoringCase(bytes, lowercase)
}

private func startsIgnoringCase(_ bytes: UnsafeBufferPointer<UInt8>, _ prefix: StaticString) -> Bool {
  guard bytes.count >= prefix.utf8CodeUnitCount else { return false }
  return prefix.withUTF8Buffer { prefix in
    for at in prefix.indices where bytes[at].asciiLowercased != prefix[at].asciiLowercased { return false }
    return true
  }
}

private func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
  var slice = bytes[...]
  while let first = slice.first, first.isBlank { slice.removeFirst() }
  while let last = slice.last, last.isBlank { slice.removeLast() }
  return UnsafeBufferPointer(rebasing: slice)
}

/// Digits and nothing else; nil past eighteen of them.
private func decimal(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
  guard (1...18).contains(bytes.count) else { return nil }
  var value = 0
  for byte in bytes {
    guard byte.isDigit else { return nil }
    value = value &* 10 &+ Int(byte &- 48)
  }
  return value
}
