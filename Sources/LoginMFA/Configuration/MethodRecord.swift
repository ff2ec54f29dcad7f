internal import JSONText
internal import OneTimePasswords
internal import Primitives

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
    case .duo(let duo): duo.write(to: &object)
    case .okta(let okta): okta.write(to: &object)
    case .pingID(let ping): ping.write(to: &object)
    }
    return JSONText(object).bytes
  }

  init?(bytes: [UInt8]) {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited), let id = record["id"]?.stringValue,
      let kind = record["type"]?.stringValue.flatMap(Kind.init(rawValue:))
    else { return nil }
    func text(_ name: String) -> String { record[name]?.stringValue ?? "" }
    func number(_ name: String, _ usual: Int64) -> Int64 { record[name]?.int64Value ?? usual }
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
    case .duo: settings = .duo(DuoSettings(record: record))
    case .okta: settings = .okta(OktaSettings(record: record))
    case .pingid: settings = .pingID(PingIDSettings(record: record))
    }
    self.init(id: id, name: text("name"), settings: settings)
  }
}
