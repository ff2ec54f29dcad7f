internal import Cryptography
internal import Primitives
internal import SecretMemory

/// Turns values into texts that can be compared but not read back, with the salt of one device.
struct SaltedHash: Sendable {
  private static let prefix: StaticString = "hmac-sha256:"
  private static let quotedBytes = 78

  private let key: HMACKey

  init(salt: SecretBytes) { key = HMACKey(salt) }

  /// `hmac-sha256:` and 64 hexadecimal digits.
  func text(of value: String) -> String {
    var value = value
    var out = ByteBuffer(reserving: Self.quotedBytes)
    value.withUTF8 { append(UnsafeRawBufferPointer($0), to: &out) }
    return out.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// The same as a JSON text, with its quotation marks.
  func quoted(_ value: String) -> [UInt8] {
    var value = value
    var out = ByteBuffer(reserving: Self.quotedBytes)
    value.withUTF8 { appendQuoted(UnsafeRawBufferPointer($0), to: &out) }
    return out.bytes
  }

  func appendQuoted(_ value: UnsafeRawBufferPointer, to out: inout ByteBuffer) {
    out.append(UInt8(ascii: "\""))
    append(value, to: &out)
    out.append(UInt8(ascii: "\""))
  }

  private func append(_ value: UnsafeRawBufferPointer, to out: inout ByteBuffer) {
    let length = key.hash.outputBytes
    out.append(Self.prefix)
    out.append(upTo: 2 * length) { digits in
      withUnsafeTemporaryAllocation(byteCount: length, alignment: 8) { code in
        key.authenticate(value, into: code)
        Hex.write(UnsafeRawBufferPointer(code), to: digits)
      }
      return 2 * length
    }
  }
}
