/// Reads `seal` stanzas.
struct SealReader {
  let environment: [String: String]
  var warnings: [String] = []

  init(environment: [String: String]) { self.environment = environment }

  mutating func seals(_ stanzas: [Stanza]) throws(ConfigurationError) -> [SealConfiguration] {
    var seals: [SealConfiguration] = []
    var enabled = false
    for stanza in stanzas {
      let seal = try seal(stanza)
      if !seal.isDisabled {
        if enabled { throw stanza.error("a second seal is not supported yet: disable all but one") }
        enabled = true
      }
      seals.append(seal)
    }
    if stanzas.isEmpty, let type = environment["VAULT_SEAL_TYPE"], !type.isEmpty, type != "shamir" {
      throw ConfigurationError(
        message: "VAULT_SEAL_TYPE is \"\(type)\", which needs a seal stanza in the configuration")
    }
    return seals
  }

  private mutating func seal(_ stanza: Stanza) throws(ConfigurationError) -> SealConfiguration {
    let type = stanza.labels.first ?? ""
    var seal: SealConfiguration
    switch type {
    case "shamir":
      warnings += try stanza.review(Self.shamirKeys)
      seal = SealConfiguration(kind: .shamir)
    case "static":
      warnings += try stanza.review(Self.staticKeys)
      seal = SealConfiguration(kind: try staticKey(stanza))
    case "awskms", "transit", "gcpckms", "azurekeyvault", "pkcs11", "alicloudkms", "ocikms", "kmip":
      throw stanza.error("this seal is not supported yet: there are \"shamir\" and \"static\"")
    default: throw stanza.error("unknown seal: there are \"shamir\" and \"static\"")
    }
    seal.isDisabled = try stanza.bool("disabled") ?? false
    seal.name = try stanza.string("name")
    return seal
  }

  private func staticKey(_ stanza: Stanza) throws(ConfigurationError) -> SealConfiguration.Kind {
    guard let id = try stanza.string("current_key_id") else { throw stanza.error("\"current_key_id\" is required") }
    guard let key = try stanza.string("current_key") else { throw stanza.error("\"current_key\" is required") }
    let previousID = try stanza.string("previous_key_id")
    let previousKey = try stanza.string("previous_key")
    if (previousID == nil) != (previousKey == nil) {
      throw stanza.error(
        "\"previous_key\" and \"previous_key_id\" go together",
        at: previousID == nil ? "previous_key" : "previous_key_id")
    }
    if previousID == id {
      throw stanza.error("\"previous_key_id\" must differ from \"current_key_id\"", at: "previous_key_id")
    }
    return .staticKey(
      currentKeyID: id, currentKey: key, previousKeyID: previousID ?? "", previousKey: previousKey ?? "")
  }

  private static let common = ["disabled", "name"]
  private static let single = [("there is one seal at a time", ["priority"])]
  private static let shamirKeys = treatments(used: common, withoutEffect: single)
  private static let staticKeys = treatments(
    used: common + ["current_key", "current_key_id", "previous_key", "previous_key_id"], withoutEffect: single)
}
