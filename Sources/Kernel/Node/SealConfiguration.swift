import JSONText
internal import SealAPI
internal import StorageAPI

/// Which shares a seal or recovery key was split into.
package struct ShareConfiguration: Sendable, Equatable {
  package var shares: Int
  package var threshold: Int

  package init(shares: Int, threshold: Int) {
    self.shares = shares
    self.threshold = threshold
  }

  /// What is wrong with the numbers, in the words that clients know; nil for nothing.
  package var fault: String? {
    if shares < 1 { return "shares must be at least one" }
    if shares > 255 { return "shares must be less than 256" }
    if threshold < 1 { return "threshold must be at least one" }
    if shares > 1 && threshold == 1 { return "threshold must be greater than one for multiple shares" }
    if threshold > shares { return "threshold cannot be larger than shares" }
    return nil
  }
}

/// What is stored in the clear, so that a sealed node knows how it is to be unsealed. Its presence is what makes a node initialised.
struct SealConfiguration: Sendable {
  var type: String
  var unseal: ShareConfiguration
  /// For automatic seals.
  var recovery: ShareConfiguration?
  var rootKey: SealedKey

  var bytes: [UInt8] {
    let rootKeyValue = (try? rootKey.json.parsed()) ?? .null
    var record: JSONObject = [
      "type": .string(type), "shares": .int(unseal.shares), "threshold": .int(unseal.threshold),
      "root_key": rootKeyValue,
    ]
    if let recovery {
      record["recovery_shares"] = .int(recovery.shares)
      record["recovery_threshold"] = .int(recovery.threshold)
    }
    return JSONText(record).bytes
  }

  init(type: String, unseal: ShareConfiguration, recovery: ShareConfiguration?, rootKey: SealedKey) {
    self.type = type
    self.unseal = unseal
    self.recovery = recovery
    self.rootKey = rootKey
  }

  init(bytes: [UInt8]) throws {
    guard let record = try? JSONParser.parse(bytes).objectValue, let type = record["type"]?.stringValue,
      let shares = record["shares"]?.int64Value.flatMap(Int.init(exactly:)),
      let threshold = record["threshold"]?.int64Value.flatMap(Int.init(exactly:)),
      let key = record["root_key"], let rootKey = try? SealedKey(json: key)
    else { throw StoreError.damaged("the seal configuration cannot be read; restore a snapshot") }
    self.init(
      type: type, unseal: ShareConfiguration(shares: shares, threshold: threshold), recovery: nil, rootKey: rootKey)
    if let shares = record["recovery_shares"]?.int64Value.flatMap(Int.init(exactly:)),
      let threshold = record["recovery_threshold"]?.int64Value.flatMap(Int.init(exactly:))
    {
      recovery = ShareConfiguration(shares: shares, threshold: threshold)
    }
  }
}
