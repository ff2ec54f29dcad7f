internal import EngineAPI
internal import JSONText
internal import OneTimePasswords
internal import Primitives
internal import QRCode
internal import SecretMemory

/// What a write of a key asks for.
struct KeyRequest {
  private let call: Call
  private let parameters: OneTimePasswordParameters
  private let issuer: String
  private let accountName: String

  static let maximumKeyBytes = 512
  static let maximumTextBytes = 512
  static let maximumImage = 2048

  /// - Throws: what is wrong with the request, in the words that clients know.
  init(_ call: Call) throws(EngineError) {
    self.call = call
    issuer = try Self.text(call, Fields.issuer)
    accountName = try Self.text(call, Fields.accountName)
    parameters = try Self.parameters(call)
  }

  /// The key to keep and what its maker is told.
  func outcome(random: RandomSource) throws(EngineError) -> (key: KeyURI, reply: Reply) {
    guard try call[Fields.generate] ?? false else { return (try imported(), .none) }
    let key = try generated(random)
    let size = try call[Fields.qrSize] ?? 200
    guard size >= 0 else { throw .invalid("the qr_size value must be greater than or equal to zero") }
    guard size <= Self.maximumImage else { throw .invalid("the qr_size value can only be up to \(Self.maximumImage)") }
    guard try call[Fields.exported] ?? true else { return (key, .none) }
    var data: JSONObject = ["url": .string(key.text)]
    if size > 0 { data["barcode"] = .string(Base64.encode(try Self.barcode(of: key, pixels: Int(size)))) }
    return (key, .data(data))
  }

  private func generated(_ random: RandomSource) throws(EngineError) -> KeyURI {
    let size = try call[Fields.keySize] ?? 20
    guard size > 0 else { throw .invalid("the key_size value must be greater than zero") }
    guard size <= Self.maximumKeyBytes else {
      throw .invalid("the key_size value can only be up to \(Self.maximumKeyBytes)")
    }
    if try !(call[Fields.secret] ?? "").isEmpty { throw .invalid("a key should not be passed if generate is true") }
    if try !(call[Fields.url] ?? "").isEmpty { throw .invalid("a url should not be passed if generate is true") }
    if accountName.isEmpty { throw .invalid("the account_name value is required for generated keys") }
    if issuer.isEmpty { throw .invalid("the issuer value is required for generated keys") }
    let secret = SecretBytes(count: Int(size)) { random.fill($0) }
    return KeyURI(
      issuer: issuer, accountName: accountName, key: OneTimePasswordKey(secret: secret, parameters: parameters))
  }

  private func imported() throws(EngineError) -> KeyURI {
    let url = try call[Fields.url] ?? ""
    if !url.isEmpty { return try imported(url: url) }
    let text = try call[Fields.secret] ?? ""
    if text.isEmpty { throw .invalid("the key value is required") }
    let letters = String(decoding: text.utf8.filter { $0 != 0x20 }, as: UTF8.self)
    let secret: [UInt8]
    do { secret = try Base32.decode(letters) } catch { throw Self.badKey(error) }
    guard (1...Self.maximumKeyBytes).contains(secret.count) else {
      throw .invalid("invalid key value: not of 1 to \(Self.maximumKeyBytes) bytes")
    }
    return KeyURI(
      issuer: issuer, accountName: accountName,
      key: OneTimePasswordKey(secret: SecretBytes(copying: secret), parameters: parameters))
  }

  /// Says where a text stops being base32, which tells nothing of what it holds.
  private static func badKey(_ error: Base32.Corrupt) -> EngineError {
    .invalid("invalid key value: illegal base32 data at input byte \(error.offset)")
  }

  private static let noPeriod = EngineError.invalid("the period value must be greater than zero")
  private static let periodTooLong = EngineError.invalid("the period value can only be up to a day")

  /// What the URL does not name is taken from the other fields.
  private func imported(url: String) throws(EngineError) -> KeyURI {
    var key: KeyURI
    do throws(KeyURIError) { key = try KeyURI(parsing: url, defaults: parameters) } catch { throw Self.refusal(error) }
    if key.issuer.isEmpty { key.issuer = issuer }
    if key.accountName.isEmpty { key.accountName = accountName }
    guard key.key.secret.count <= Self.maximumKeyBytes, key.issuer.utf8.count <= Self.maximumTextBytes,
      key.accountName.utf8.count <= Self.maximumTextBytes
    else { throw Self.refusal(.tooLong) }
    return key
  }

  private static func refusal(_ error: KeyURIError) -> EngineError {
    switch error {
    case .notAKeyURI: .invalid("an error occurred while parsing url string")
    case .tooLong: .invalid("the url value is too long")
    case .noSecret: .invalid("the key value is required")
    case .secret(let error): badKey(error)
    case .algorithm: .invalid("the algorithm value is not valid")
    case .digits: .invalid("the digits value can only be 6 or 8")
    case .digitsNoNumber: .invalid("an error occurred while parsing digits value in url")
    case .period: noPeriod
    case .periodTooLong: periodTooLong
    case .periodNoNumber: .invalid("an error occurred while parsing period value in url")
    }
  }

  private static func parameters(_ call: Call) throws(EngineError) -> OneTimePasswordParameters {
    let period = try call[Fields.period] ?? .seconds(30)
    guard period.seconds > 0 else { throw noPeriod }
    guard period.seconds <= OneTimePasswordParameters.maximumPeriodSeconds else { throw periodTooLong }
    let name = try call[Fields.algorithm] ?? "SHA1"
    guard let algorithm = OneTimePasswordParameters.Algorithm(rawValue: name) else {
      throw .invalid("the algorithm value is not valid")
    }
    guard let digits = OneTimePasswordParameters.Digits(rawValue: Int(clamping: try call[Fields.digits] ?? 6)) else {
      throw .invalid("the digits value can only be 6 or 8")
    }
    guard let skew = OneTimePasswordParameters.Skew(rawValue: Int(clamping: try call[Fields.skew] ?? 1)) else {
      throw .invalid("the skew value must be 0 or 1")
    }
    return OneTimePasswordParameters(algorithm: algorithm, digits: digits, period: period, skew: skew)
  }

  private static func text(_ call: Call, _ field: Field<String>) throws(EngineError) -> String {
    let text = try call[field] ?? ""
    guard text.utf8.count <= maximumTextBytes else {
      throw .invalid("the \(field.name) value is longer than \(maximumTextBytes) bytes")
    }
    return text
  }

  private static func barcode(of key: KeyURI, pixels: Int) throws(EngineError) -> [UInt8] {
    guard let code = QRCode(Array(key.text.utf8)) else {
      throw .invalid("the key is too long for a QR code; set qr_size to 0")
    }
    guard let image = code.png(pixels: pixels) else {
      throw .invalid("the QR code of this key needs a qr_size of at least \(code.smallestImage)")
    }
    return image
  }
}
