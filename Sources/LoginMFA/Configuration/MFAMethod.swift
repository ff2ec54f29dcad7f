import JSONText
package import OneTimePasswords
package import SecretMemory

/// A way to show a second factor, as an operator set it up.
package struct MFAMethod: Sendable, Equatable {
  /// The types by the names that the API has for them.
  package enum Kind: String, Sendable, CaseIterable { case totp, duo, okta, pingid }

  package enum Settings: Sendable, Equatable {
    case totp(TOTPSettings)
    case duo(DuoSettings)
    case okta(OktaSettings)
    case pingID(PingIDSettings)
  }

  package let id: String
  /// What clients may call the method instead of its id; empty for none.
  package var name: String
  package var settings: Settings

  package init(id: String, name: String, settings: Settings) {
    self.id = id
    self.name = name
    self.settings = settings
  }

  package var kind: Kind {
    switch settings {
    case .totp: .totp
    case .duo: .duo
    case .okta: .okta
    case .pingID: .pingid
    }
  }

  package var usesPasscode: Bool {
    switch settings {
    case .totp: true
    case .duo(let settings): settings.usesPasscode
    case .okta, .pingID: false
    }
  }
}

/// What the passcodes of new enrolments are like; those that are there keep what they began with.
package struct TOTPSettings: Sendable, Equatable {
  /// What authenticator programs show beside the code.
  package var issuer = ""
  package var parameters = OneTimePasswordParameters()
  /// Bytes.
  package var keySize: Int64 = 20
  /// Pixels; zero for no picture.
  package var qrSize: Int64 = 200
  /// How many wrong passcodes in a row are looked at before there is a pause.
  package var mostAttempts: Int64 = 5

  package init() {}
}

package struct DuoSettings: Sendable, Equatable {
  package var usernameFormat = ""
  package var secretKey = SecretBytes(copying: [])
  package var integrationKey = ""
  package var hostname = ""
  package var pushInfo = ""
  package var usesPasscode = false

  package init() {}
}

package struct OktaSettings: Sendable, Equatable {
  package var usernameFormat = ""
  package var organisation = ""
  package var token = SecretBytes(copying: [])
  package var baseURL = ""
  package var primaryEmail = false

  package init() {}
}

package struct PingIDSettings: Sendable, Equatable {
  package var usernameFormat = ""
  /// The file that PingID's console gives out: lines of `name=value`, a key of the service among them.
  package var file = SecretBytes(copying: [])

  package init() {}

  /// What the file says, but for its secrets.
  package var properties: [String: String] {
    let text = file.withBytes { String(decoding: $0, as: UTF8.self) }
    var found: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, Self.shownProperties.contains(String(parts[0])) else { continue }
      found[String(parts[0])] = String(parts[1]).replacingEscapedColons
    }
    return found
  }

  private static let shownProperties = ["use_signature", "idp_url", "org_alias", "admin_url", "authenticator_url"]
}

extension String {
  /// Java's property files have `\:` and `\=` for `:` and `=`.
  fileprivate var replacingEscapedColons: String {
    var out = ""
    var isEscaped = false
    for character in self {
      if character == "\\" && !isEscaped {
        isEscaped = true
      } else {
        out.append(character)
        isEscaped = false
      }
    }
    return out
  }
}
