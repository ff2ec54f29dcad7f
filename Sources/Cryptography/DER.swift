/// Structures as the library writes them (X.690).
enum DER {
  /// What a function such as `i2d_X509` writes: called without a place it says how long that is. Nil where it fails.
  static func encode(_ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) -> [UInt8]? {
    let count = Int(write(nil))
    guard count > 0 else { return nil }
    var written = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { out, filled in
      var position = out.baseAddress
      written = Int(write(&position))
      filled = max(0, min(written, count))
    }
    return written == count ? bytes : nil
  }
}
