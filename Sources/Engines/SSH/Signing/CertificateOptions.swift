internal import EngineAPI

/// Critical options and extensions: by role where the request sets none, else what the role lets requests set.
enum CertificateOptions {
  private static let mostNameBytes = 256
  private static let mostValueBytes = 8 << 10
  private static let most = 256

  static func criticalOptions(_ asked: [String: String], _ role: CertificateRole) throws(EngineError) -> [String:
    String]
  {
    if asked.isEmpty { return role.defaultCriticalOptions }
    try check(asked)
    let allowed = NameList.split(role.allowedCriticalOptions)
    let refused = asked.keys.filter { !allowed.contains($0) }.sorted()
    if allowed.isEmpty || refused.isEmpty { return asked }
    throw .invalid("critical options not on allowed list: [\(refused.joined(separator: " "))]")
  }

  static func extensions(
    _ asked: [String: String], _ role: CertificateRole, _ call: Call
  ) throws(EngineError) -> [String: String] {
    if asked.isEmpty { return try defaultExtensions(role, call) }
    try check(asked)
    if NameList.trimmed(role.allowedExtensions[...]) == "*" { return asked }
    let allowed = NameList.split(role.allowedExtensions)
    let refused = asked.keys.filter { !allowed.contains($0) }.sorted()
    if refused.isEmpty { return asked }
    throw .invalid("extensions [\(refused.joined(separator: " "))] are not on allowed list")
  }

  private static func defaultExtensions(_ role: CertificateRole, _ call: Call) throws(EngineError) -> [String: String] {
    guard role.defaultExtensionsTemplate else { return role.defaultExtensions }
    var extensions: [String: String] = [:]
    for (name, value) in role.defaultExtensions {
      guard let template = TextTemplate(value), template.hasHoles else {
        extensions[name] = value
        continue
      }
      guard let filled = template.filled({ call.identity($0) }) else {
        throw .invalid("template '\(value)' could not be rendered -> it names what the caller's entity does not have")
      }
      extensions[name] = filled
    }
    try check(extensions)
    return extensions
  }

  static func check(_ options: [String: String]) throws(EngineError) {
    guard options.count <= most else { throw .invalid("more than \(most) critical options or extensions") }
    for (name, value) in options {
      guard !name.isEmpty, name.utf8.count <= mostNameBytes, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        throw .invalid("a name of a critical option or extension is empty, too long or not printable")
      }
      guard value.utf8.count <= mostValueBytes, !value.utf8.contains(0) else {
        throw .invalid("the value of \(name) is too long or holds a NUL")
      }
    }
  }
}
