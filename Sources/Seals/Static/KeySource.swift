internal import Cryptography
internal import Glibc
internal import Primitives
internal import SealAPI
internal import SecretMemory

/// Finds the 32 bytes that a parameter of the configuration speaks of: `file://PATH`, `env://NAME`, or the key itself.
struct KeySource {
  let environment: @Sendable (String) -> String?

  func wrappingKey(_ text: String, parameter: String) throws(SealError) -> WrappingKey {
    let key: SecretBytes?
    if let path = rest(of: text, after: "file://") {
      key = Self.key(in: try Self.contents(of: path, parameter: parameter))
    } else if let name = rest(of: text, after: "env://") {
      guard let value = environment(name), !value.isEmpty else {
        throw .refused("\(parameter): the environment variable \(name) is not set")
      }
      key = Self.key(in: SecretBytes(copying: value.utf8))
    } else {
      key = Self.key(in: SecretBytes(copying: text.utf8))
    }
    guard let key, let wrapping = try? WrappingKey(key) else {
      throw .refused("\(parameter) must be 32 bytes, as they are, in hexadecimal or in base64")
    }
    return wrapping
  }

  private func rest(of text: String, after scheme: String) -> String? {
    text.utf8.starts(with: scheme.utf8) ? String(decoding: text.utf8.dropFirst(scheme.utf8.count), as: UTF8.self) : nil
  }

  /// Exactly 32 bytes are the key. Otherwise blanks and line ends around it do not count, and it may be written in
  /// hexadecimal or in base64 of either alphabet.
  static func key(in contents: SecretBytes) -> SecretBytes? {
    if contents.count == 32 { return contents }
    return contents.withBytes { bytes -> SecretBytes? in
      let blank: (UInt8) -> Bool = { $0 == 32 || (9...13).contains($0) }
      guard let first = bytes.firstIndex(where: { !blank($0) }), let last = bytes.lastIndex(where: { !blank($0) })
      else { return nil }
      let trimmed = bytes[first...last]
      if trimmed.count == 32 { return SecretBytes(copying: trimmed) }
      let text = String(decoding: trimmed, as: UTF8.self)
      if text.utf8.count == 64, let decoded = Hex.decode(text) { return SecretBytes(copying: decoded) }
      guard text.utf8.count == 43 || text.utf8.count == 44 else { return nil }
      for alphabet in [Base64.Alphabet.standard, .url] {
        if let decoded = try? Base64.decode(text, alphabet: alphabet, padded: text.utf8.count == 44),
          decoded.count == 32
        {
          return SecretBytes(copying: decoded)
        }
      }
      return nil
    }
  }

  /// The file's bytes, if it is a regular file that only its owner, and at most its group, can read.
  static func contents(of path: String, parameter: String) throws(SealError) -> SecretBytes {
    // A pipe in the place of a file must not hold up the start.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw .refused("\(parameter): cannot open the key file \(path): \(reason(errno))") }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0 else {
      throw .refused("\(parameter): cannot look at the key file \(path): \(reason(errno))")
    }
    guard facts.st_mode & S_IFMT == S_IFREG else {
      throw .refused("\(parameter): the key file \(path) is not a regular file")
    }
    let mode = facts.st_mode & 0o777
    guard mode & 0o027 == 0 else {
      let others = mode & 0o007 != 0 ? "other users of this machine" : "the group"
      let digits = String(mode, radix: 8)
      throw .refused(
        "\(parameter): the key file \(path) is open to \(others) (mode 0\(digits)): give it mode 0600, or 0640 at most")
    }
    guard facts.st_size <= longestFile else {
      throw .refused("\(parameter): the key file \(path) is too long to hold a key of 32 bytes")
    }
    var filled = 0
    var failure: Int32 = 0
    let contents = SecretBytes(count: longestFile) { buffer in
      while filled < buffer.count, let base = buffer.baseAddress {
        let count = read(file, base + filled, buffer.count - filled)
        if count > 0 {
          filled += count
        } else if count == 0 {
          break
        } else if errno != EINTR {
          failure = errno
          break
        }
      }
      zero(UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
    }
    guard failure == 0 else { throw .refused("\(parameter): cannot read the key file \(path): \(reason(failure))") }
    return contents.withBytes { SecretBytes(copying: $0[..<filled]) }
  }

  private static let longestFile = 4096

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

/// A variable of the process's environment.
package func variable(named name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}
