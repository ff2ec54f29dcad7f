internal import EngineAPI

/// The fields of a role.
enum RoleFields {
  static let role = Field.string("role", "The name of the role.")
  static let keyType = Field.string(
    "key_type", "ca for certificates, otp for passwords that work once.", required: true)
  static let defaultUser = Field.string(
    "default_user",
    "Who logs in where the request does not say. Roles of type otp need it; of type ca, only a name that "
      + "allowed_users has can be signed for.")
  static let defaultUserTemplate = Field.bool(
    "default_user_template", "Whether default_user holds identity templates.")
  static let blocks = Field.string("cidr_list", "otp: blocks of addresses that passwords are given for, with commas.")
  static let excludedBlocks = Field.string("exclude_cidr_list", "otp: blocks to leave out of cidr_list.")
  static let port = Field.int("port", "otp: the port to tell clients, 22 by default.")
  static let allowedUsers = Field.string(
    "allowed_users", "Users with commas, or * for any. None: for ca nobody, for otp the default user.")
  static let allowedUsersTemplate = Field.bool(
    "allowed_users_template", "Whether allowed_users holds identity templates.")
  static let allowedDomains = Field.string(
    "allowed_domains", "ca: domains of host certificates with commas, or * for any.")
  static let allowedDomainsTemplate = Field.bool(
    "allowed_domains_template", "ca: whether allowed_domains holds identity templates.")
  static let ttl = Field.duration("ttl", "ca: how long certificates are good where the request does not say.")
  static let maxTTL = Field.duration("max_ttl", "ca: how long certificates are good at most.")
  static let allowedCriticalOptions = Field.string(
    "allowed_critical_options", "ca: critical options that requests may set, with commas; none means any.")
  static let allowedExtensions = Field.string(
    "allowed_extensions", "ca: extensions that requests may set, with commas, or * for any.")
  static let defaultCriticalOptions = Field.keyValues(
    "default_critical_options", "ca: critical options where the request sets none.")
  static let defaultExtensions = Field.keyValues("default_extensions", "ca: extensions where the request sets none.")
  static let defaultExtensionsTemplate = Field.bool(
    "default_extensions_template", "ca: whether values of default_extensions hold identity templates.")
  static let allowsUserCertificates = Field.bool("allow_user_certificates", "ca: whether users get certificates.")
  static let allowsHostCertificates = Field.bool("allow_host_certificates", "ca: whether hosts get certificates.")
  static let allowsBareDomains = Field.bool(
    "allow_bare_domains", "ca: whether hosts may have the names in allowed_domains themselves.")
  static let allowsSubdomains = Field.bool(
    "allow_subdomains", "ca: whether hosts may have names below those in allowed_domains.")
  static let allowsKeyIDs = Field.bool("allow_user_key_ids", "ca: whether requests may set the key id.")
  static let keyIDFormat = Field.string(
    "key_id_format", "ca: the key id, with {{token_display_name}}, {{role_name}} and {{public_key_hash}} filled in.")
  static let keyLengths = Field<KeyLengths>(
    "allowed_user_key_lengths", kind: .object, help: "ca: a map of key types to the lengths that may be signed."
  ) { (raw) throws(FieldMismatch) in try KeyLengths(field: raw) }
  static let algorithmSigner = Field.string(
    "algorithm_signer", "ca: how an RSA key signs: default, rsa-sha2-256, rsa-sha2-512 or ssh-rsa.")
  static let notBeforeDuration = Field.duration(
    "not_before_duration", "ca: how long before they are made certificates are good, 30s by default.")
  static let allowsEmptyPrincipals = Field.bool(
    "allow_empty_principals",
    "ca: whether certificates may name nobody. Some programs take such a certificate for anybody.")
  static let after = Field.string("after", "Begin the list after this name.")
  static let limit = Field.int("limit", "List at most this many names; 0 is all of them.")

  static let all: [FieldDescription] = [
    role.description, keyType.description, defaultUser.description, defaultUserTemplate.description,
    blocks.description, excludedBlocks.description, port.description, allowedUsers.description,
    allowedUsersTemplate.description, allowedDomains.description, allowedDomainsTemplate.description,
    ttl.description, maxTTL.description, allowedCriticalOptions.description, allowedExtensions.description,
    defaultCriticalOptions.description, defaultExtensions.description, defaultExtensionsTemplate.description,
    allowsUserCertificates.description, allowsHostCertificates.description, allowsBareDomains.description,
    allowsSubdomains.description, allowsKeyIDs.description, keyIDFormat.description, keyLengths.description,
    algorithmSigner.description, notBeforeDuration.description, allowsEmptyPrincipals.description,
  ]
}

extension CertificateRole {
  /// A write replaces the role: what is not said gets its default.
  init(_ call: Call) throws(EngineError) {
    self.init()
    allowedUsers = try call[RoleFields.allowedUsers] ?? ""
    allowedUsersTemplate = try call[RoleFields.allowedUsersTemplate] ?? false
    allowedDomains = try call[RoleFields.allowedDomains] ?? ""
    allowedDomainsTemplate = try call[RoleFields.allowedDomainsTemplate] ?? false
    defaultUser = try call[RoleFields.defaultUser] ?? ""
    defaultUserTemplate = try call[RoleFields.defaultUserTemplate] ?? false
    ttl = try call[RoleFields.ttl] ?? .zero
    maxTTL = try call[RoleFields.maxTTL] ?? .zero
    allowedCriticalOptions = try call[RoleFields.allowedCriticalOptions] ?? ""
    allowedExtensions = try call[RoleFields.allowedExtensions] ?? ""
    defaultCriticalOptions = try call[RoleFields.defaultCriticalOptions] ?? [:]
    defaultExtensions = try call[RoleFields.defaultExtensions] ?? [:]
    defaultExtensionsTemplate = try call[RoleFields.defaultExtensionsTemplate] ?? false
    allowsUserCertificates = try call[RoleFields.allowsUserCertificates] ?? false
    allowsHostCertificates = try call[RoleFields.allowsHostCertificates] ?? false
    allowsBareDomains = try call[RoleFields.allowsBareDomains] ?? false
    allowsSubdomains = try call[RoleFields.allowsSubdomains] ?? false
    allowsKeyIDs = try call[RoleFields.allowsKeyIDs] ?? false
    keyIDFormat = try call[RoleFields.keyIDFormat] ?? ""
    allowedKeyLengths = try call[RoleFields.keyLengths] ?? KeyLengths()
    let signer = try call[RoleFields.algorithmSigner] ?? ""
    algorithmSigner = signer.isEmpty ? Self.defaultSigner : signer
    notBeforeDuration = try call[RoleFields.notBeforeDuration] ?? Self.defaultNotBefore
    allowsEmptyPrincipals = try call[RoleFields.allowsEmptyPrincipals] ?? false
    try check()
  }
}

extension PasswordRole {
  /// A write replaces the role: what is not said gets its default.
  init(_ call: Call) throws(EngineError) {
    self.init()
    defaultUser = try call[RoleFields.defaultUser] ?? ""
    defaultUserTemplate = try call[RoleFields.defaultUserTemplate] ?? false
    allowedUsers = try call[RoleFields.allowedUsers] ?? ""
    allowedUsersTemplate = try call[RoleFields.allowedUsersTemplate] ?? false
    blocks = try call[RoleFields.blocks] ?? ""
    excludedBlocks = try call[RoleFields.excludedBlocks] ?? ""
    port = try call[RoleFields.port] ?? Self.defaultPort
    try check()
  }
}
