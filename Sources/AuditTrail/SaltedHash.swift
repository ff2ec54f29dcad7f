internal import Cryptography
internal import JSONText
internal import Primitives
internal import SecretMemory

/// Turns values into texts that can be compared but not read back, with the salt of one device.
struct SaltedHash: Sendable {
  private static let prefix = Array("hmac-sha256:".utf8)

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
  func quoted(_ value: String) -> JSONText {
    var value = value
    var out: [UInt8] = []
    out.reserveCapacity(Self.prefix.count + 66)
    value.withUTF8 { appendQuoted(UnsafeRawBufferPointer($0), to: &out) }
    return JSONText(trusted: out)
  }

  func appendQuoted(_ value: UnsafeRawBufferPointer, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    append(value, to: &out)
    out.append(UInt8(ascii: "\""))
  }

  private func append(_ value: UnsafeRawBufferPointer, to out: inout [UInt8]) {
    let length = key.hash.outputBytes
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 3 * length) { room in
      let code = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(room)[(2 * length)...])
      key.authenticate(value, into: code)
      let digits = UnsafeMutableBufferPointer(rebasing: room[..<(2 * length)])
      Hex.write(UnsafeRawBufferPointer(code), to: digits)
      out.append(contentsOf: Self.prefix)
      out.append(contentsOf: digits)
    }
  }
}
