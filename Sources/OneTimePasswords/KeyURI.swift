internal import Primitives
internal import SecretMemory

/// A key as authenticator programs exchange it: `otpauth://totp/ISSUER:ACCOUNT?secret=BASE32&issuer=ISSUER&…`
/// (the "Key URI Format" of Google Authenticator).
package struct KeyURI: Sendable, Equatable {
  package var issuer: String
  package var accountName: String
  /// The skew is the server's own matter and no part of the text.
  package var key: OneTimePasswordKey

  package init(issuer: String, accountName: String, key: OneTimePasswordKey) {
    self.issuer = issuer
    self.accountName = accountName
    self.key = key
  }

  /// The parts of the text with its parameters in the order of their names.
  package var text: String {
    let secret = key.secret.withBytes { Base32.encode($0, padded: false) }
    let parameters = key.parameters
    let label = [issuer, accountName].filter { !$0.isEmpty }.map { PercentEncoding.encode($0, keeping: "@") }
    var query = [
      ("algorithm", parameters.algorithm.rawValue),
      ("digits", String(parameters.digits.rawValue)),
    ]
    if !issuer.isEmpty { query.append(("issuer", PercentEncoding.encode(issuer))) }
    query.append(("period", String(parameters.period.seconds)))
    query.append(("secret", secret))
    return "otpauth://totp/" + label.joined(separator: ":") + "?"
      + query.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
  }
}
