internal import JSONText

extension ConnectionRecord {
  /// `data` of a read. Passwords in the URL are masked, those beside it are not there.
  var answer: JSONObject {
    var shown = details
    if let url = details["connection_url"]?.stringValue { shown["connection_url"] = .string(MaskedURL.text(url)) }
    return [
      "plugin_name": .string(pluginName), "plugin_version": .string(pluginVersion),
      "connection_details": .object(shown),
      "allowed_roles": .strings(allowedRoles), "root_credentials_rotate_statements": .strings(rootRotationStatements),
      "password_policy": .string(passwordPolicy), "verify_connection": .bool(isVerified),
      "disable_automated_rotation": .bool(automatedRotationIsDisabled), "rotation_period": 0, "rotation_schedule": "",
      "rotation_window": 0, "rotation_policy": "",
      "skip_static_role_import_rotation": .bool(skipsStaticRoleImportRotation),
    ]
  }

  /// Whether the URL holds user and password in plain.
  var showsPassword: Bool {
    guard let url = details["connection_url"]?.stringValue else { return false }
    return !url.contains("{{username}}") && MaskedURL.text(url) != url
  }
}

/// URLs as they may be shown.
enum MaskedURL {
  private static let mask = "xxxxx"

  static func text(_ url: String) -> String {
    guard let scheme = url.range(of: "://") else { return pairs(url) }
    let rest = url[scheme.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let head = String(url[..<scheme.upperBound])
    return head + user(authority) + query(rest[authority.endIndex...])
  }

  /// `user:password@host`
  private static func user(_ authority: Substring) -> String {
    guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
      return String(authority)
    }
    let password = authority[authority.index(after: colon)..<at]
    if password.isEmpty || password == "{{password}}" { return String(authority) }
    return String(authority[...colon]) + mask + String(authority[at...])
  }

  /// `/database?name=value&name=value`
  private static func query(_ text: Substring) -> String {
    guard let mark = text.firstIndex(of: "?") else { return String(text) }
    let pairs = text[text.index(after: mark)...].split(separator: "&", omittingEmptySubsequences: false)
    let shown = pairs.map { pair -> String in
      let value = pair.dropFirst("password=".count)
      if !pair.hasPrefix("password=") || value.isEmpty || value == "{{password}}" { return String(pair) }
      return "password=" + mask
    }
    return String(text[...mark]) + shown.joined(separator: "&")
  }

  /// `key=value` pairs, values in single quotes where they hold blanks.
  private static func pairs(_ text: String) -> String {
    guard let name = text.range(of: "password") else { return text }
    var value = text[name.upperBound...].drop { $0 == " " }
    guard value.first == "=" else { return text }
    value = value.dropFirst().drop { $0 == " " }
    let start = value.startIndex
    var isQuoted = false
    var end = start
    while end < value.endIndex, isQuoted || value[end] != " " {
      if value[end] == "\\", value.index(after: end) < value.endIndex {
        end = value.index(after: end)
      } else if value[end] == "'" {
        isQuoted.toggle()
      }
      end = value.index(after: end)
    }
    let held = value[start..<end]
    if held.isEmpty || held == "{{password}}" || held == "'{{password}}'" { return text }
    return String(text[..<start]) + mask + String(text[end...])
  }
}

extension String {
  /// Where the text occurs first.
  fileprivate func range(of text: String) -> Range<String.Index>? {
    var place = startIndex
    while place < endIndex {
      if self[place...].hasPrefix(text) { return place..<index(place, offsetBy: text.count) }
      place = index(after: place)
    }
    return nil
  }
}
