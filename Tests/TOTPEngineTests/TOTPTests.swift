import EngineFixture
import JSONText
import OneTimePasswords
import Primitives
import Synchronization
import Testing

@testable import TOTPEngine

/// The secret of RFC 6238, appendix B, in base32.
private let standardSecret: JSONValue = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

struct TOTPKeyTests {
  @Test func aMadeKeyIsShownOnce() throws {
    let mount = MountedTOTP()
    let made = try mount.call(
      .update, "keys/web", ["generate": true, "issuer": "Acme Co", "account_name": "mona@example.com"])
    let data = try #require(made.data)
    let uri = try KeyURI(parsing: try #require(data["url"]?.stringValue))
    #expect(uri.issuer == "Acme Co")
    #expect(uri.accountName == "mona@example.com")
    #expect(uri.key.secret.count == 20)
    let image = try Base64.decode(try #require(data["barcode"]?.stringValue))
    #expect(image.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    #expect(image[16..<24].elementsEqual([0, 0, 0, 200, 0, 0, 0, 200]))
    #expect(
      try mount.call(.read, "keys/web").data
        == ["account_name": "mona@example.com", "algorithm": "SHA1", "digits": 6, "issuer": "Acme Co", "period": 30])
    let code = try mount.call(.read, "code/web").data
    #expect(code?["code"]?.stringValue == uri.key.password(at: mount.now.withLock { $0 }))
  }

  @Test func aKeyThatIsNotExportedIsNeverShown() throws {
    let mount = MountedTOTP()
    let fields: JSONObject = ["generate": true, "issuer": "a", "account_name": "b", "exported": false]
    #expect(try mount.call(.update, "keys/web", fields).status == 204)
    #expect(try mount.call(.read, "keys/web").status == 200)
    var bare = fields
    bare["exported"] = true
    bare["qr_size"] = 0
    let data = try #require(try mount.call(.update, "keys/web", bare).data)
    #expect(data["barcode"] == nil)
    #expect(data["url"] != nil)
  }

  @Test(
    arguments: [
      ([:], "the key value is required"),
      (["key": "not base32!"], "invalid key value: illegal base32 data at input byte 9"),
      (["key": "MY", "digits": 7], "the digits value can only be 6 or 8"),
      (["key": "MY", "skew": 2], "the skew value must be 0 or 1"),
      (["key": "MY", "period": 0], "the period value must be greater than zero"),
      (["key": "MY", "period": "25h"], "the period value can only be up to a day"),
      (["key": "MY", "algorithm": "MD5"], "the algorithm value is not valid"),
      (["generate": true, "account_name": "a"], "the issuer value is required for generated keys"),
      (["generate": true, "issuer": "a"], "the account_name value is required for generated keys"),
      (["generate": true, "key": "MY"], "a key should not be passed if generate is true"),
      (["generate": true, "url": "otpauth://totp/a?secret=MY"], "a url should not be passed if generate is true"),
      (["generate": true, "key_size": 0], "the key_size value must be greater than zero"),
      (["generate": true, "key_size": 100_000_000], "the key_size value can only be up to 512"),
      (
        ["generate": true, "issuer": "a", "account_name": "b", "qr_size": -1],
        "the qr_size value must be greater than or equal to zero"
      ),
      (
        ["generate": true, "issuer": "a", "account_name": "b", "qr_size": 1_000_000],
        "the qr_size value can only be up to 2048"
      ),
      (["url": "https://example.com/"], "an error occurred while parsing url string"),
      (["url": "otpauth://totp/a"], "the key value is required"),
      (["url": "otpauth://totp/a?secret=M1"], "invalid key value: illegal base32 data at input byte 1"),
      (["url": "otpauth://totp/a?secret=MY&period=0"], "the period value must be greater than zero"),
    ] as [(JSONObject, String)])
  func mistakesAreNamedAndChangeNothing(_ fields: JSONObject, _ text: String) throws {
    let mount = MountedTOTP()
    #expect(try mount.call(.update, "keys/web", fields) == Answer(status: 400, error: text))
    #expect(try mount.call(.read, "keys/web").status == 404)
  }

  @Test func aTooSmallImageIsRefusedWithTheSizeThatItNeeds() throws {
    let mount = MountedTOTP()
    let answer = try mount.call(
      .update, "keys/web", ["generate": true, "issuer": "a", "account_name": "b", "qr_size": 10])
    #expect(answer.error.hasPrefix("the QR code of this key needs a qr_size of at least "))
    #expect(try mount.call(.read, "keys/web").status == 404)
    let longest = JSONValue.string(String(repeating: "ä", count: 256))
    let fields: JSONObject = ["generate": true, "issuer": longest, "account_name": longest, "key_size": 512]
    #expect(try mount.call(.update, "keys/web", fields).error == "the key is too long for a QR code; set qr_size to 0")
  }

  @Test func keysAreListedReplacedAndDeleted() throws {
    let mount = MountedTOTP()
    #expect(try mount.call(.list, "keys/").status == 404)
    for name in ["b", "a@x.org", "c"] { try mount.call(.update, "keys/" + name, ["key": "MY"]) }
    #expect(try mount.call(.list, "keys/").data == ["keys": ["a@x.org", "b", "c"]])
    #expect(try mount.call(.list, "keys/", ["after": "b", "limit": 1]).data == ["keys": ["c"]])
    try mount.call(.update, "keys/b", ["key": "MY", "issuer": "new"])
    #expect(try mount.call(.read, "keys/b").data?["issuer"] == "new")
    #expect(try mount.call(.delete, "keys/b").status == 204)
    #expect(try mount.call(.delete, "keys/b").status == 204)
    #expect(try mount.call(.read, "code/b") == Answer(status: 400, error: "unknown key: b"))
    #expect(try mount.call(.update, "code/b", ["code": "1"]) == Answer(status: 400, error: "unknown key: b"))
  }
}

struct TOTPCodeTests {
  /// RFC 6238, appendix B.
  @Test func codesOfTheStandard() throws {
    let mount = MountedTOTP()
    try mount.call(
      .update, "keys/a", ["url": "otpauth://totp/Acme:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8"])
    for (seconds, code) in [(59, "94287082"), (1_111_111_109, "07081804"), (2_000_000_000, "69279037")] {
      mount.now.withLock { $0 = Timestamp(seconds: Int64(seconds)) }
      #expect(try mount.call(.read, "code/a").data == ["code": .string(code)])
      #expect(try mount.call(.update, "code/a", ["code": .string(code)]).data == ["valid": true])
    }
  }

  @Test func aCodeIsGoodOnceHoweverItIsWritten() throws {
    let mount = MountedTOTP()
    mount.now.withLock { $0 = Timestamp(seconds: 59) }
    try mount.call(.update, "keys/a", ["key": standardSecret])
    #expect(try mount.call(.update, "code/a", ["code": "000000"]).data == ["valid": false])
    #expect(try mount.call(.update, "code/a", ["code": " 287082"]).data == ["valid": true])
    let refused = Answer(status: 400, error: "code already used; wait until the next time period")
    for code: JSONValue in ["287082", "287082 ", "\t287082\n", 287082] {
      #expect(try mount.call(.update, "code/a", ["code": code]) == refused)
    }
    // Still within the skew, and used up all the same.
    mount.step(.seconds(30))
    #expect(try mount.call(.update, "code/a", ["code": "287082"]) == refused)
    mount.step(.seconds(30))
    #expect(try mount.call(.update, "code/a", ["code": "287082"]).data == ["valid": false])
    #expect(try mount.call(.update, "code/a") == Answer(status: 400, error: "the code value is required"))
  }

  @Test func skewIsTheKeysOwn() throws {
    let mount = MountedTOTP()
    mount.now.withLock { $0 = Timestamp(seconds: 59) }
    try mount.call(.update, "keys/strict", ["key": standardSecret, "skew": 0])
    try mount.call(.update, "keys/lenient", ["key": standardSecret])
    mount.step(.seconds(1))
    #expect(try mount.call(.update, "code/strict", ["code": "287082"]).data == ["valid": false])
    #expect(try mount.call(.update, "code/lenient", ["code": "287082"]).data == ["valid": true])
  }

  @Test func oneOfManyAtOnceGetsThrough() throws {
    let mount = MountedTOTP()
    try mount.call(.update, "keys/a", ["key": standardSecret])
    for _ in 0..<20 {
      let code = try #require(try mount.call(.read, "code/a").data?["code"])
      let passed = Atomic(0)
      let threads = (0..<8).compactMap { _ in
        BackgroundThread {
          if (try? mount.call(.update, "code/a", ["code": code]))?.data == ["valid": true] {
            passed.add(1, ordering: .relaxed)
          }
        }
      }
      for thread in threads { thread.join() }
      #expect(threads.count == 8)
      #expect(passed.load(ordering: .relaxed) == 1)
      mount.step(.seconds(30))
    }
  }

  @Test func whatWasUsedOutlivesTheProcess() throws {
    let first = MountedTOTP()
    try first.call(.update, "keys/a", ["key": standardSecret])
    let code = try #require(try first.call(.read, "code/a").data?["code"])
    try first.call(.update, "code/a", ["code": code])
    let second = MountedTOTP(store: first.store)
    #expect(try second.call(.update, "code/a", ["code": code]).status == 400)
  }
}
