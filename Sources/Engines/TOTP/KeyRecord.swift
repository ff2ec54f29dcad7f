internal import JSONText
internal import OneTimePasswords
internal import Primitives
internal import SecretMemory
internal import StorageAPI

/// How a key is stored.
enum KeyRecord {
  static let damaged = StoreError.damaged(
    "a TOTP key's record cannot be read: write the key anew or restore a snapshot")

  static func decode(_ bytes: [UInt8]) throws(StoreError) -> KeyURI {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited),
      let secret = record["secret"]?.stringValue.flatMap({ try? Base64.decode($0) }),
      let algorithm = record["algorithm"]?.stringValue.flatMap(OneTimePasswordParameters.Algorithm.init),
      let digits = record["digits"]?.int64Value.flatMap({ OneTimePasswordParameters.Digits(rawValue: Int($0)) }),
      let skew = record["skew"]?.int64Value.flatMap({ OneTimePasswordParameters.Skew(rawValue: Int($0)) }),
      let period = record["period"]?.int64Value
    else { throw damaged }
    return KeyURI(
      issuer: record["issuer"]?.stringValue ?? "", accountName: record["account_name"]?.stringValue ?? "",
      key: OneTimePasswordKey(
        secret: SecretBytes(copying: secret),
        parameters: OneTimePasswordParameters(
          algorithm: algorithm, digits: digits, period: .seconds(period), skew: skew)))
  }
}

extension KeyURI {
  /// What a read answers: everything but the secret.
  var shown: JSONObject {
    [
      "account_name": .string(accountName), "algorithm": .string(key.parameters.algorithm.rawValue),
      "digits": .int(Int64(key.parameters.digits.rawValue)), "issuer": .string(issuer),
      "period": .int(key.parameters.period.seconds),
    ]
  }

  var record: [UInt8] {
    var record = shown
    record["skew"] = .int(Int64(key.parameters.skew.rawValue))
    record["secret"] = .string(key.secret.withBytes { Base64.encode($0) })
    return JSONText(record).bytes
  }
}

extension UsedCounters {
  init(record: [UInt8]) throws(StoreError) {
    guard let counters = (try? JSONParser.parse(record))?.arrayValue else { throw KeyRecord.damaged }
    self.init(counters.compactMap { $0.int64Value.map(UInt64.init(clamping:)) })
  }

  var record: [UInt8] { JSONText(JSONValue.array(counters.map { .int(Int64(clamping: $0)) })).bytes }
}
