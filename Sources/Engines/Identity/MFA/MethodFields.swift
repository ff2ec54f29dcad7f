internal import EngineAPI
internal import JSONText
internal import LoginMFA
internal import OneTimePasswords
internal import Primitives
internal import SecretMemory

/// The fields of MFA methods by type, and what they may hold.
enum MethodFields {
  static let methodID = Field.string("method_id", "The id of the method.")
  static let name = Field.string("method_name", "A name of the method's own, which clients may use for its id.")

  static let issuer = Field.string("issuer", "What authenticator programs show beside the code.", required: true)
  static let period = Field.duration("period", "How long a code lasts.")
  static let keySize = Field.int("key_size", "Bytes of each key.")
  static let qrSize = Field.int("qr_size", "Pixels of a side of the QR code; 0 for none.")
  static let algorithm = Field.string("algorithm", "SHA1, SHA256 or SHA512.")
  static let digits = Field.int("digits", "Digits of a code: 6 or 8.")
  static let skew = Field.int("skew", "How many codes before and after the present one count: 0 or 1.")
  static let mostAttempts = Field.int(
    "max_validation_attempts", "How many wrong passcodes in a row there are before a pause.")

  static let usernameFormat = Field.string("username_format", "How the service's username is made of the entity.")
  static let secretKey = Field.string("secret_key", "Duo's secret key.", required: true, secret: true)
  static let integrationKey = Field.string("integration_key", "Duo's integration key.", required: true)
  static let hostname = Field.string("api_hostname", "The host of Duo's API.", required: true)
  static let pushInfo = Field.string("push_info", "What Duo shows with a push.")
  static let usesPasscode = Field.bool("use_passcode", "Whether users type a code of Duo's.")

  static let organisation = Field.string("org_name", "The organisation at Okta.", required: true)
  static let token = Field.string("api_token", "A token of Okta's API.", required: true, secret: true)
  static let baseURL = Field.string("base_url", "The domain of Okta's API.")
  static let primaryEmail = Field.bool("primary_email", "Only the primary address of an account is its username.")

  static let file = Field.string(
    "settings_file_base64", "PingID's settings file, in base64.", required: true, secret: true)

  static func all(_ kind: MFAMethod.Kind) -> [FieldDescription] {
    let own =
      switch kind {
      case .totp:
        [
          issuer.description, period.description, keySize.description, qrSize.description, algorithm.description,
          digits.description, skew.description, mostAttempts.description,
        ]
      case .duo:
        [
          usernameFormat.description, secretKey.description, integrationKey.description, hostname.description,
          pushInfo.description, usesPasscode.description,
        ]
      case .okta:
        [
          usernameFormat.description, organisation.description, token.description, baseURL.description,
          primaryEmail.description,
        ]
      case .pingid: [usernameFormat.description, file.description]
      }
    return [methodID.description, name.description] + own
  }

  // MARK: Reading

  /// The settings that a request asks for: of a new method, or of one that is there where the request does not say.
  static func settings(
    _ kind: MFAMethod.Kind, _ call: Call, over known: MFAMethod.Settings?
  ) throws -> MFAMethod.Settings {
    switch (kind, known) {
    case (.totp, .totp(let settings)?): .totp(try totp(call, settings))
    case (.totp, _): .totp(try totp(call, TOTPSettings()))
    case (.duo, .duo(let settings)?): .duo(try duo(call, settings))
    case (.duo, _): .duo(try duo(call, DuoSettings()))
    case (.okta, .okta(let settings)?): .okta(try okta(call, settings))
    case (.okta, _): .okta(try okta(call, OktaSettings()))
    case (.pingid, .pingID(let settings)?): .pingID(try pingID(call, settings))
    case (.pingid, _): .pingID(try pingID(call, PingIDSettings()))
    }
  }

  private static func totp(_ call: Call, _ known: TOTPSettings) throws -> TOTPSettings {
    var totp = known
    if let given = try call[issuer] { totp.issuer = given }
    if let given = try call[keySize] { totp.keySize = given }
    if let given = try call[qrSize] { totp.qrSize = given }
    if let given = try call[mostAttempts] { totp.mostAttempts = given == 0 ? TOTPSettings().mostAttempts : given }
    totp.parameters = try parameters(call, known.parameters)
    try demand(!totp.issuer.isEmpty, "issuer must be set")
    try demand(totp.issuer.utf8.count <= 256, "issuer can have at most 256 bytes")
    try demand(totp.keySize > 0, "key_size must be greater than zero")
    // RFC 4226, R6, wants 16 bytes at least; set-ups with 10 are common.
    try demand((10...128).contains(totp.keySize), "key_size must be between 10 and 128")
    try demand((0...2000).contains(totp.qrSize), "qr_size must be between 0 and 2000")
    try demand((1...100).contains(totp.mostAttempts), "max_validation_attempts must be between 1 and 100")
    return totp
  }

  private static func parameters(
    _ call: Call, _ known: OneTimePasswordParameters
  ) throws -> OneTimePasswordParameters {
    var algorithm = known.algorithm
    if let given = try call[Self.algorithm], !given.isEmpty {
      guard let named = OneTimePasswordParameters.Algorithm(rawValue: given) else {
        throw EngineError.invalid("unrecognized algorithm")
      }
      algorithm = named
    }
    var digits = known.digits
    if let given = try call[Self.digits] {
      guard let known = Int(exactly: given).flatMap(OneTimePasswordParameters.Digits.init) else {
        throw EngineError.invalid("digits can only be 6 or 8")
      }
      digits = known
    }
    var skew = known.skew
    if let given = try call[Self.skew] {
      guard let known = Int(exactly: given).flatMap(OneTimePasswordParameters.Skew.init) else {
        throw EngineError.invalid("skew must be 0 or 1")
      }
      skew = known
    }
    let period = try call[Self.period]?.seconds ?? known.period.seconds
    let longest = OneTimePasswordParameters.maximumPeriodSeconds
    try demand(period > 0, "period must be greater than zero")
    try demand(period <= longest, "period can only be up to \(longest) seconds")
    return OneTimePasswordParameters(algorithm: algorithm, digits: digits, period: .seconds(period), skew: skew)
  }

  private static func duo(_ call: Call, _ known: DuoSettings) throws -> DuoSettings {
    var duo = known
    if let given = try call[usernameFormat] { duo.usernameFormat = given }
    if let given = try call[secretKey] { duo.secretKey = SecretBytes(copying: Array(given.utf8)) }
    if let given = try call[integrationKey] { duo.integrationKey = given }
    if let given = try call[hostname] { duo.hostname = given }
    if let given = try call[pushInfo] { duo.pushInfo = given }
    if let given = try call[usesPasscode] { duo.usesPasscode = given }
    try demand(duo.secretKey.count > 0, "secret_key is required")
    try demand(!duo.integrationKey.isEmpty, "integration_key is required")
    try demand(!duo.hostname.isEmpty, "api_hostname is required")
    return duo
  }

  private static func okta(_ call: Call, _ known: OktaSettings) throws -> OktaSettings {
    var okta = known
    if let given = try call[usernameFormat] { okta.usernameFormat = given }
    if let given = try call[organisation] { okta.organisation = given }
    if let given = try call[token] { okta.token = SecretBytes(copying: Array(given.utf8)) }
    if let given = try call[baseURL] { okta.baseURL = given }
    if let given = try call[primaryEmail] { okta.primaryEmail = given }
    try demand(!okta.organisation.isEmpty, "org_name must be set")
    try demand(okta.token.count > 0, "api_token must be set")
    return okta
  }

  private static func pingID(_ call: Call, _ known: PingIDSettings) throws -> PingIDSettings {
    var ping = known
    if let given = try call[usernameFormat] { ping.usernameFormat = given }
    if let given = try call[file] {
      guard let bytes = try? Base64.decode(given) else {
        throw EngineError.invalid("settings_file_base64 is not base64")
      }
      ping.file = SecretBytes(copying: bytes)
    }
    try demand(ping.file.count > 0, "settings_file_base64 must be set")
    try demand(ping.properties["idp_url"] != nil, "the settings file has no idp_url")
    return ping
  }

  private static func demand(_ holds: Bool, _ text: String) throws(EngineError) {
    if !holds { throw .invalid(text) }
  }
}
