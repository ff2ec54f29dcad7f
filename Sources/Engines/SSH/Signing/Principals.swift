internal import EngineAPI
internal import SSHKeys

/// For whom a certificate is: what the request wants, held against the role.
enum Principals {
  private static let mostNameBytes = 1024

  static func users(_ asked: String?, _ role: CertificateRole, _ call: Call) throws(EngineError) -> [String] {
    var names = try checked(NameList.split(asked ?? ""))
    if names.isEmpty, !role.defaultUser.isEmpty {
      names = try checked([NameList.name(role.defaultUser, isTemplate: role.defaultUserTemplate, call)])
    }
    return try allowed(
      names, by: role.allowedUsers, isTemplate: role.allowedUsersTemplate, role, call, NameList.areSame)
  }

  static func hosts(_ asked: String?, _ role: CertificateRole, _ call: Call) throws(EngineError) -> [String] {
    let names = try checked(NameList.split(asked ?? ""))
    return try allowed(names, by: role.allowedDomains, isTemplate: role.allowedDomainsTemplate, role, call) {
      name, domain in
      (role.allowsBareDomains && NameList.areSame(name, domain))
        || (role.allowsSubdomains && NameList.isSubdomain(name, of: domain))
    }
  }

  private static func allowed(
    _ names: [String], by list: String, isTemplate: Bool, _ role: CertificateRole, _ call: Call,
    _ matches: (_ name: String, _ allowed: String) -> Bool
  ) throws(EngineError) -> [String] {
    if names.isEmpty {
      if role.allowsEmptyPrincipals { return [] }
      // Some programs take such a certificate for anybody.
      throw .invalid("empty valid principals not allowed by role")
    }
    if NameList.trimmed(list[...]) == "*" { return names }
    if NameList.split(list).isEmpty { throw .invalid("role is not configured to allow any principals") }
    let allowed = try NameList.allowed(list, isTemplate: isTemplate, call)
    for name in names where !allowed.contains(where: { matches(name, $0) }) {
      throw .invalid("\(name) is not a valid value for valid_principals")
    }
    return names
  }

  private static func checked(_ names: [String]) throws(EngineError) -> [String] {
    guard names.count <= Certificate.mostPrincipals else {
      throw .invalid("more than \(Certificate.mostPrincipals) valid_principals")
    }
    for name in names {
      guard name.utf8.count <= mostNameBytes, name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        throw .invalid("a name in valid_principals is too long or has control characters")
      }
    }
    return names
  }
}
