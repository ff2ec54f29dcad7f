package import JSONText

/// Why what a client sent for its second factor cannot be read. The texts never hold a passcode.
package struct MFACredentialError: Error, Sendable, Equatable {
  package let message: String
}

/// What a client sent for its second factor: passcodes by the methods' ids or names. An empty passcode is none.
package struct MFACredentials: Sendable, Equatable {
  private static let most = 64
  private static let prefix = "passcode="

  private var given: [(method: String, passcode: String)] = []

  package static func == (a: MFACredentials, b: MFACredentials) -> Bool {
    a.given.elementsEqual(b.given) { $0 == $1 }
  }

  /// From the values of `X-Vault-MFA`: `METHOD[:PASSCODE]` or `METHOD[:passcode=PASSCODE]`.
  package init(headers: [String]) throws(MFACredentialError) {
    for header in headers {
      let parts = header.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      try add(String(parts[0]), parts.count > 1 ? String(parts[1]) : "", missing: Self.badHeader)
    }
  }

  /// From the `mfa_payload` of a validation: lists of one passcode by method; one text is as good as a list of it.
  package init(payload: JSONObject) throws(MFACredentialError) {
    for member in payload.members {
      var passcodes: [String] = []
      switch member.value {
      case .null: break
      case .string(let text): passcodes = [text]
      case .array(let values):
        for value in values {
          guard let text = value.stringValue ?? value.numberValue?.text else { throw Self.badPayload }
          passcodes.append(text)
        }
      default: throw Self.badPayload
      }
      guard passcodes.count <= 1 else {
        throw MFACredentialError(message: "only one passcode can be given for an MFA method")
      }
      try add(member.name, passcodes.first ?? "", missing: Self.badPayload)
    }
  }

  private mutating func add(
    _ method: String, _ passcode: String, missing: MFACredentialError
  ) throws(MFACredentialError) {
    let method = Self.trimmed(method)
    guard !method.isEmpty else { throw missing }
    guard given.count < Self.most else {
      throw MFACredentialError(message: "more than \(Self.most) MFA methods are named")
    }
    let passcode = Self.trimmed(passcode)
    given.append((method, passcode.hasPrefix(Self.prefix) ? String(passcode.dropFirst(Self.prefix.count)) : passcode))
  }

  /// The passcode for a method; nil where the client does not name it.
  /// - Throws: where it is named more than once, by whatever names: each request is one guess.
  package func passcode(for method: MFAMethod) throws(MFACredentialError) -> String? {
    let own = given.filter { $0.method == method.id || (!method.name.isEmpty && $0.method == method.name) }
    guard own.count <= 1 else {
      throw MFACredentialError(message: "only one passcode can be given for an MFA method")
    }
    return own.first?.passcode
  }

  private static let badHeader = MFACredentialError(
    message: "invalid data in header \"X-Vault-MFA\"; missing method name or ID")
  private static let badPayload = MFACredentialError(
    message: "mfa_payload must be an object of lists of passcodes by the ids of methods")

  private static func trimmed(_ text: String) -> String {
    String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}
