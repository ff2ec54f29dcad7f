extension String {
  /// The text of bytes in UTF-8 (RFC 3629); nil where they are none. As `String(validating:as:)`, which looks up types at run time for each
  /// text and takes several times as long for a short one.
  package init?(utf8Bytes bytes: UnsafeBufferPointer<UInt8>) {
    var seen: UInt8 = 0
    for byte in bytes { seen |= byte }
    if seen < 0x80 {
      self = String(decoding: bytes, as: UTF8.self)
    } else {
      self.init(validating: bytes, as: UTF8.self)
    }
  }
}
