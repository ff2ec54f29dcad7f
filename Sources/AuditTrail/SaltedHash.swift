internal import Cryptography
internal import SecretMemory

/// Turns values into texts that can be compared but not read back, with the salt of one device.
struct SaltedHash: Sendable {
  private static let prefix = Array("hmac-sha256:".utf8)
  private static let digits = Array("0123456789abcdef".utf8)

  private let key: HMACKey

  init(salt: SecretBytes) { key = HMACKey(salt) }

  /// `hmac-sha256:` and 64 hexadecimal digits.
  func text(of value: String) -> String {
    var value = value
    var out: [UInt8] = []
    value.withUTF8 { append(UnsafeRawBufferPointer($0), to: &out) }
    return String(decoding: out, as: UTF8.self)
  }

  /// The same as a JSON text, with its quotation marks.
  func quoted(_ value: String) -> [UInt8] {
    var value = value
    var out: [UInt8] = []
    value.withUTF8 { appendQuoted(UnsafeRawBufferPointer($0), to: &out) }
    return out
  }

  func appendQuoted(_ value: UnsafeRawBufferPointer, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    append(value, to: &out)
    out.append(UInt8(ascii: "\""))
  }

  private func append(_ value: UnsafeRawBufferPointer, to out: inout [UInt8]) {
    out.append(contentsOf: Self.prefix)
    for byte in key.authenticate(value) {
      out.append(Self.digits[Int(byte >> 4)])
      out.append(Self.digits[Int(byte & 15)])
    }
  }
}
