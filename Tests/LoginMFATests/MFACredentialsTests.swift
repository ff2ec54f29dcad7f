import JSONText
import Testing

@testable import LoginMFA

private let phone = MFAMethod(id: "id-1", name: "phone", settings: .totp(TOTPSettings()))
private let nameless = MFAMethod(id: "id-2", name: "", settings: .totp(TOTPSettings()))

private func payload(_ text: String) throws -> MFACredentials {
  let value = try JSONParser.parse(text)
  return try MFACredentials(payload: value.objectValue ?? [:])
}

struct MFACredentialsTests {
  @Test(arguments: [
    ("id-1:123456", "123456"), ("phone:123456", "123456"), ("phone:passcode=123456", "123456"), ("phone", ""),
    ("phone:", ""), (" phone : 123 456 ", "123 456"), ("phone:12:34", "12:34"),
  ])
  func headersNameAMethodAndItsPasscode(_ header: String, _ passcode: String) throws {
    #expect(try MFACredentials(headers: [header]).passcode(for: phone) == passcode)
  }

  @Test(arguments: ["", ":123456", " :123456", ":"])
  func headersWithoutAMethodAreRefusedWithoutTheirPasscode(_ header: String) {
    let expected = MFACredentialError(message: "invalid data in header \"X-Vault-MFA\"; missing method name or ID")
    #expect(throws: expected) { try MFACredentials(headers: [header]) }
  }

  @Test func methodsThatAreNotNamedHaveNothing() throws {
    let credentials = try MFACredentials(headers: ["phone:123456"])
    #expect(try credentials.passcode(for: nameless) == nil)
    #expect(try MFACredentials(headers: []).passcode(for: phone) == nil)
    // A method without a name is not that of an empty name.
    #expect(try MFACredentials(headers: ["Phone:1", "id-1 x:2"]).passcode(for: phone) == nil)
  }

  @Test(arguments: [
    (#"{"id-1":["123456"]}"#, "123456"), (#"{"phone":"123456"}"#, "123456"), (#"{"phone":[""]}"#, ""),
    (#"{"phone":[]}"#, ""), (#"{"phone":null}"#, ""), (#"{"phone":["passcode=123456"]}"#, "123456"),
    (#"{"phone":[123456]}"#, "123456"),
  ])
  func payloadsHoldListsByMethod(_ text: String, _ passcode: String) throws {
    #expect(try payload(text).passcode(for: phone) == passcode)
  }

  @Test(arguments: [
    #"{"phone":["1","2"]}"#, #"{"phone":{"a":"b"}}"#, #"{"phone":[["1"]]}"#, #"{"phone":[true]}"#, #"{"":["1"]}"#,
  ])
  func otherPayloadsAreRefused(_ text: String) {
    #expect(throws: MFACredentialError.self) { try payload(text) }
  }

  @Test func aMethodIsNamedOnce() throws {
    for headers in [["phone:1", "id-1:2"], ["phone:1", "phone:2"], ["id-1:1", " id-1:1"]] {
      #expect(throws: MFACredentialError.self) { try MFACredentials(headers: headers).passcode(for: phone) }
    }
    #expect(throws: MFACredentialError.self) {
      try payload(#"{"id-1":["1"],"phone":["2"]}"#).passcode(for: phone)
    }
  }

  @Test func thereAreNotManyMethods() {
    #expect(throws: MFACredentialError.self) { try MFACredentials(headers: (0..<65).map { "m\($0):1" }) }
  }
}
