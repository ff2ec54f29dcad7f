internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SSHKeys

/// What a role with `key_type=ca` lets be signed. Lists are kept as they were written.
struct CertificateRole {
  var allowedUsers = ""
  var allowedUsersTemplate = false
  var allowedDomains = ""
  var allowedDomainsTemplate = false
  var defaultUser = ""
  var defaultUserTemplate = false
  var ttl = TimeSpan.zero
  var maxTTL = TimeSpan.zero
  var allowedCriticalOptions = ""
  var allowedExtensions = ""
  var defaultCriticalOptions: [String: String] = [:]
  var defaultExtensions: [String: String] = [:]
  var defaultExtensionsTemplate = false
  var allowsUserCertificates = false
  var allowsHostCertificates = false
  var allowsBareDomains = false
  var allowsSubdomains = false
  var allowsKeyIDs = false
  var keyIDFormat = ""
  var allowedKeyLengths = KeyLengths()
  var algorithmSigner = CertificateRole.defaultSigner
  var notBeforeDuration = CertificateRole.defaultNotBefore
  var allowsEmptyPrincipals = false

  static let defaultSigner = "default"
  static let defaultNotBefore = TimeSpan.seconds(30)
  private static let signers: Set<String> = ["default", "ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"]

  /// Nil for the one that suits the authority's key.
  var signatureAlgorithm: SignatureAlgorithm? { SignatureAlgorithm(rawValue: algorithmSigner) }

  func check() throws(EngineError) {
    if !allowsUserCertificates && !allowsHostCertificates {
      throw .invalid("Either 'allow_user_certificates' or 'allow_host_certificates' must be set to 'true'")
    }
    if ttl > .zero, maxTTL > .zero, ttl > maxTTL {
      throw .invalid("\"ttl\" value must be less than \"max_ttl\" when both are specified")
    }
    guard Self.signers.contains(algorithmSigner) else {
      throw .list(status: 400, ["unknown algorithm signer \"\(algorithmSigner)\""])
    }
    if defaultUserTemplate { try Self.checkTemplates([defaultUser], of: "default_user") }
    if allowedUsersTemplate { try Self.checkTemplates(NameList.split(allowedUsers), of: "allowed_users") }
    if allowedDomainsTemplate { try Self.checkTemplates(NameList.split(allowedDomains), of: "allowed_domains") }
    if defaultExtensionsTemplate { try Self.checkTemplates(Array(defaultExtensions.values), of: "default_extensions") }
    try CertificateOptions.check(defaultCriticalOptions)
    try CertificateOptions.check(defaultExtensions)
  }

  private static func checkTemplates(_ texts: [String], of field: String) throws(EngineError) {
    for text in texts where TextTemplate(text) == nil {
      throw .invalid("\(field) holds a template whose braces do not pair")
    }
  }
}

extension CertificateRole {
  /// What a read shows and what is stored, without the kind.
  var members: JSONObject {
    [
      "allow_bare_domains": .bool(allowsBareDomains), "allow_empty_principals": .bool(allowsEmptyPrincipals),
      "allow_host_certificates": .bool(allowsHostCertificates), "allow_subdomains": .bool(allowsSubdomains),
      "allow_user_certificates": .bool(allowsUserCertificates), "allow_user_key_ids": .bool(allowsKeyIDs),
      "allowed_critical_options": .string(allowedCriticalOptions), "allowed_domains": .string(allowedDomains),
      "allowed_domains_template": .bool(allowedDomainsTemplate), "allowed_extensions": .string(allowedExtensions),
      "allowed_user_key_lengths": allowedKeyLengths.json, "allowed_users": .string(allowedUsers),
      "allowed_users_template": .bool(allowedUsersTemplate), "algorithm_signer": .string(algorithmSigner),
      "default_critical_options": Self.json(defaultCriticalOptions),
      "default_extensions": Self.json(defaultExtensions),
      "default_extensions_template": .bool(defaultExtensionsTemplate), "default_user": .string(defaultUser),
      "default_user_template": .bool(defaultUserTemplate), "key_id_format": .string(keyIDFormat),
      "max_ttl": .int(maxTTL.seconds), "not_before_duration": .int(notBeforeDuration.seconds),
      "ttl": .int(ttl.seconds),
    ]
  }

  init(members record: JSONValue) {
    func text(_ name: String) -> String { record[name]?.stringValue ?? "" }
    func flag(_ name: String) -> Bool { record[name]?.boolValue ?? false }
    func span(_ name: String) -> TimeSpan { .seconds(record[name]?.int64Value ?? 0) }
    func map(_ name: String) -> [String: String] {
      var texts: [String: String] = [:]
      for member in record[name]?.objectValue?.members ?? [] { texts[member.name] = member.value.stringValue }
      return texts
    }
    allowedUsers = text("allowed_users")
    allowedUsersTemplate = flag("allowed_users_template")
    allowedDomains = text("allowed_domains")
    allowedDomainsTemplate = flag("allowed_domains_template")
    defaultUser = text("default_user")
    defaultUserTemplate = flag("default_user_template")
    ttl = span("ttl")
    maxTTL = span("max_ttl")
    allowedCriticalOptions = text("allowed_critical_options")
    allowedExtensions = text("allowed_extensions")
    defaultCriticalOptions = map("default_critical_options")
    defaultExtensions = map("default_extensions")
    defaultExtensionsTemplate = flag("default_extensions_template")
    allowsUserCertificates = flag("allow_user_certificates")
    allowsHostCertificates = flag("allow_host_certificates")
    allowsBareDomains = flag("allow_bare_domains")
    allowsSubdomains = flag("allow_subdomains")
    allowsKeyIDs = flag("allow_user_key_ids")
    keyIDFormat = text("key_id_format")
    allowedKeyLengths = KeyLengths(json: record["allowed_user_key_lengths"])
    algorithmSigner = text("algorithm_signer")
    notBeforeDuration = span("not_before_duration")
    allowsEmptyPrincipals = flag("allow_empty_principals")
  }

  private static func json(_ texts: [String: String]) -> JSONValue {
    .object(JSONObject(texts.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
  }
}
