internal import JSONText
internal import OneTimePasswords
internal import Primitives
internal import SecretMemory

extension MFAMethod {
  /// The form in which the method is stored, secrets among it.
  var bytes: [UInt8] {
    var object: JSONObject = ["id": .string(id), "name": .string(name), "type": .string(kind.rawValue)]
    switch settings {
    case .totp(let totp):
      object["issuer"] = .string(totp.issuer)
      object["period"] = .int(totp.parameters.period.seconds)
      object["key_size"] = .int(totp.keySize)
      object["qr_size"] = .int(totp.qrSize)
      object["algorithm"] = .string(totp.parameters.algorithm.rawValue)
      object["digits"] = .int(totp.parameters.digits.rawValue)
      object["skew"] = .int(totp.parameters.skew.rawValue)
      object["max_validation_attempts"] = .int(totp.mostAttempts)
    case .duo(let duo):
      object["username_format"] = .string(duo.usernameFormat)
      object["secret_key"] = Self.hex(duo.secretKey)
      object["integration_key"] = .string(duo.integrationKey)
      object["api_hostname"] = .string(duo.hostname)
      object["push_info"] = .string(duo.pushInfo)
      object["use_passcode"] = .bool(duo.usesPasscode)
    case .okta(let okta):
      object["username_format"] = .string(okta.usernameFormat)
      object["org_name"] = .string(okta.organisation)
      object["api_token"] = Self.hex(okta.token)
      object["base_url"] = .string(okta.baseURL)
      object["primary_email"] = .bool(okta.primaryEmail)
    case .pingID(let ping):
      object["username_format"] = .string(ping.usernameFormat)
      object["file"] = Self.hex(ping.file)
    }
    return JSONText(object).bytes
  }

  init?(bytes: [UInt8]) {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited), let id = record["id"]?.stringValue,
      let kind = record["type"]?.stringValue.flatMap(Kind.init(rawValue:))
    else { return nil }
    func text(_ name: String) -> String { record[name]?.stringValue ?? "" }
    func secret(_ name: String) -> SecretBytes { SecretBytes(copying: Hex.decode(text(name)) ?? []) }
    func number(_ name: String, _ usual: Int64) -> Int64 { record[name]?.int64Value ?? usual }
    func flag(_ name: String) -> Bool { record[name]?.boolValue ?? false }
    let settings: Settings
    switch kind {
    case .totp:
      var totp = TOTPSettings()
      totp.issuer = text("issuer")
      guard let algorithm = OneTimePasswordParameters.Algorithm(rawValue: text("algorithm")),
        let digits = OneTimePasswordParameters.Digits(rawValue: Int(number("digits", 6))),
        let skew = OneTimePasswordParameters.Skew(rawValue: Int(number("skew", 1)))
      else { return nil }
      totp.parameters = OneTimePasswordParameters(
        algorithm: algorithm, digits: digits, period: .seconds(number("period", 30)), skew: skew)
      totp.keySize = number("key_size", totp.keySize)
      totp.qrSize = number("qr_size", totp.qrSize)
      totp.mostAttempts = number("max_validation_attempts", totp.mostAttempts)
      settings = .totp(totp)
    case .duo:
      var duo = DuoSettings()
      duo.usernameFormat = text("username_format")
      duo.secretKey = secret("secret_key")
      duo.integrationKey = text("integration_key")
      duo.hostname = text("api_hostname")
      duo.pushInfo = text("push_info")
      duo.usesPasscode = flag("use_passcode")
      settings = .duo(duo)
    case .okta:
      var okta = OktaSettings()
      okta.usernameFormat = text("username_format")
      okta.organisation = text("org_name")
      okta.token = secret("api_token")
      okta.baseURL = text("base_url")
      okta.primaryEmail = flag("primary_email")
      settings = .okta(okta)
    case .pingid:
      var ping = PingIDSettings()
      ping.usernameFormat = text("username_format")
      ping.file = secret("file")
      settings = .pingID(ping)
    }
    self.init(id: id, name: text("name"), settings: settings)
  }

  private static func hex(_ secret: SecretBytes) -> JSONValue { .string(secret.withBytes { Hex.encode($0) }) }
}
