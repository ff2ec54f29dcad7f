package import Primitives
internal import SecretMemory

/// What is wrong with a text that should be an `otpauth` URL. Names the part, never its value.
package enum KeyURIError: Error, Sendable, Equatable {
  /// Not `otpauth://totp/…`, or an escape in it is broken.
  case notAKeyURI
  case tooLong
  case noSecret
  /// The secret is not base32, with the byte where it stops being so.
  case secret(Base32.Corrupt)
  case algorithm
  case digits
  case digitsNoNumber
  case period
  case periodTooLong
  case periodNoNumber
}

extension KeyURI {
  /// Longer texts than this are not looked at; in bytes.
  package static let maximumBytes = 4096

  /// Reads the text that authenticator programs exchange. Parameters that it does not name have `defaults`; the issuer is
  /// that of the query, or else that of the label.
  package init(
    parsing text: String, defaults: OneTimePasswordParameters = OneTimePasswordParameters()
  ) throws(KeyURIError) {
    guard text.utf8.count <= Self.maximumBytes else { throw .tooLong }
    let bytes = text.utf8[...]
    let scheme = "otpauth://totp/"
    guard bytes.count > scheme.utf8.count,
      String(decoding: bytes.prefix(scheme.utf8.count), as: UTF8.self).lowercased() == scheme
    else { throw .notAKeyURI }
    let rest = bytes.dropFirst(scheme.utf8.count).prefix { $0 != UInt8(ascii: "#") }
    let label = rest.prefix { $0 != UInt8(ascii: "?") }
    guard let labelText = PercentEncoding.decode(label) else { throw .notAKeyURI }
    let query = try Self.query(rest.dropFirst(label.count + 1))

    let parts = labelText.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let account = parts.last.map { String($0.drop { $0 == " " }) } ?? ""
    let labelIssuer = parts.count == 2 ? String(parts[0]) : ""
    let period = try Self.number(query["period"], .periodNoNumber)
    let digits = try Self.number(query["digits"], .digitsNoNumber)
    let parameters = OneTimePasswordParameters(
      algorithm: try Self.algorithm(query["algorithm"]) ?? defaults.algorithm,
      digits: try Self.digits(digits) ?? defaults.digits, period: try Self.period(period) ?? defaults.period,
      skew: defaults.skew)
    let secret = try Self.secret(query["secret"] ?? "")
    self.init(
      issuer: query["issuer"].flatMap { $0.isEmpty ? nil : $0 } ?? labelIssuer, accountName: account,
      key: OneTimePasswordKey(secret: SecretBytes(copying: secret), parameters: parameters))
  }

  /// Of members with one name the first counts.
  private static func query(_ bytes: Substring.UTF8View) throws(KeyURIError) -> [String: String] {
    var members: [String: String] = [:]
    for member in bytes.split(separator: UInt8(ascii: "&")) {
      let name = member.prefix { $0 != UInt8(ascii: "=") }
      let value = member.dropFirst(name.count + 1)
      guard let name = PercentEncoding.decode(name, plusIsSpace: true),
        let value = PercentEncoding.decode(value, plusIsSpace: true)
      else { throw .notAKeyURI }
      if members[name] == nil { members[name] = value }
    }
    return members
  }

  private static func algorithm(_ text: String?) throws(KeyURIError) -> OneTimePasswordParameters.Algorithm? {
    guard let text, !text.isEmpty else { return nil }
    guard let algorithm = OneTimePasswordParameters.Algorithm(rawValue: text.uppercased()) else { throw .algorithm }
    return algorithm
  }

  private static func number(_ text: String?, _ mistake: KeyURIError) throws(KeyURIError) -> Int64? {
    guard let text, !text.isEmpty else { return nil }
    guard let number = Int64(text) else { throw mistake }
    return number
  }

  private static func digits(_ number: Int64?) throws(KeyURIError) -> OneTimePasswordParameters.Digits? {
    guard let number else { return nil }
    guard let digits = OneTimePasswordParameters.Digits(rawValue: Int(clamping: number)) else { throw .digits }
    return digits
  }

  private static func period(_ seconds: Int64?) throws(KeyURIError) -> TimeSpan? {
    guard let seconds else { return nil }
    if seconds <= 0 { throw .period }
    if seconds > OneTimePasswordParameters.maximumPeriodSeconds { throw .periodTooLong }
    return .seconds(seconds)
  }

  private static func secret(_ text: String) throws(KeyURIError) -> [UInt8] {
    // Secrets are often shown in groups of four.
    let letters = String(decoding: text.utf8.filter { $0 != 0x20 }, as: UTF8.self)
    if letters.isEmpty { throw .noSecret }
    do { return try Base32.decode(letters) } catch { throw .secret(error) }
  }
}
