import Glibc
import Primitives
import SealAPI
import SecretMemory
import Testing

@testable import StaticSeal

private let root = SecretBytes(copying: RandomSource.seeded(1).bytes(32))
private let raw = RandomSource.seeded(2).bytes(32)
private let hex = Hex.encode(raw)
private let nothing: @Sendable (String) -> String? = { _ in nil }

private func seal(
  _ key: String, id: String = "one", previous: String = "", previousID: String = "",
  environment: @escaping @Sendable (String) -> String? = nothing
) throws -> StaticSeal {
  try StaticSeal(
    .init(currentKeyID: id, currentKey: key, previousKeyID: previousID, previousKey: previous), random: .seeded(3),
    environment: environment)
}

/// A file in a folder of its own for the length of the call.
private func withFile(_ contents: [UInt8], mode: mode_t = 0o600, _ body: (String) throws -> Void) throws {
  var template = Array("/tmp/coffer-seal-XXXXXX".utf8CString)
  let folder = try #require(
    template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!).map { String(cString: $0) } })
  let path = folder + "/key"
  let file = open(path, O_WRONLY | O_CREAT, 0o600)
  #expect(write(file, contents, contents.count) == contents.count)
  fchmod(file, mode)
  close(file)
  defer {
    unlink(path)
    rmdir(folder)
  }
  try body(path)
}

private func refusal(_ body: () throws -> Void) -> String? {
  do { try body() } catch SealError.refused(let text) { return text } catch { return "\(error)" }
  return nil
}

@Test func everyFormOfTheSameKeyOpensWhatAnotherWrapped() throws {
  let sealed = try seal(hex).wrap(root)
  let url = Base64.encode(raw, alphabet: .url, padded: false)
  for text in [hex, hex.uppercased(), " \(hex)\n", Base64.encode(raw), Base64.encode(raw, padded: false), url] {
    #expect(try seal(text).unwrap(sealed) == root)
    #expect(try seal("env://KEY", environment: { $0 == "KEY" ? text : nil }).unwrap(sealed) == root)
    try withFile(Array((text + "\n").utf8)) { path in try #expect(seal("file://" + path).unwrap(sealed) == root) }
  }
  try withFile(raw) { path in try #expect(seal("file://" + path).unwrap(sealed) == root) }
  let plain = "0123456789abcdefghijklmnopqrstuv"
  let plainSealed = try seal(plain).wrap(root)
  try withFile(Array((plain + "\n").utf8)) { path in try #expect(seal("file://" + path).unwrap(plainSealed) == root) }
}

@Test func aChangeOfKeyOpensTheOldAndAsksForARewrap() throws {
  let old = try seal(hex, id: "old")
  let sealed = try old.wrap(root)
  let other = Hex.encode(RandomSource.seeded(9).bytes(32))
  let changed = try seal(other, id: "new", previous: hex, previousID: "old")
  #expect(try changed.unwrap(sealed) == root)
  #expect(changed.isRewrapDue(sealed))
  #expect(!old.isRewrapDue(sealed))
  let again = try changed.wrap(root)
  #expect(again.keyID == "new")
  #expect(!changed.isRewrapDue(again))
  #expect(throws: SealError.self) { try old.unwrap(again) }
  // The same bytes under another name are another key.
  #expect(throws: SealError.self) { try seal(hex, id: "renamed").unwrap(sealed) }
  #expect(throws: SealError.self) {
    try seal(hex, id: "old").unwrap(SealedKey(ciphertext: again.ciphertext, keyID: "old"))
  }
  for at in sealed.ciphertext.indices {
    var damaged = sealed
    damaged.ciphertext[at] ^= 0x80
    #expect(throws: SealError.self) { try old.unwrap(damaged) }
  }
}

@Test func configurationsThatCannotWorkAreRefusedInWords() throws {
  #expect(refusal { _ = try seal(hex, id: "") } == "current_key_id must be set")
  #expect(refusal { _ = try seal("") } == "current_key must be set")
  #expect(
    refusal { _ = try seal(hex, previous: hex) } == "previous_key and previous_key_id must be set together")
  #expect(
    refusal { _ = try seal(hex, previous: hex, previousID: "one") } == "previous_key_id must differ from current_key_id"
  )
  let form = "current_key must be 32 bytes, as they are, in hexadecimal or in base64"
  for text in ["short", String(hex.dropLast()), hex + "0", String(repeating: "*", count: 44), " ", "\u{301}"] {
    #expect(refusal { _ = try seal(text) } == form)
  }
  #expect(refusal { _ = try seal("env://KEY") } == "current_key: the environment variable KEY is not set")
  try withFile([]) { path in #expect(refusal { _ = try seal("file://" + path) } == form) }
}

@Test func keyFilesThatOthersCanReadAreRefused() throws {
  for mode: mode_t in [0o644, 0o604, 0o620, 0o660, 0o777, 0o601] {
    try withFile(raw, mode: mode) { path in
      let text = try #require(refusal { _ = try seal("file://" + path) })
      #expect(text.contains("mode 0\(String(mode, radix: 8))"))
      #expect(text.contains(path))
    }
  }
  for mode: mode_t in [0o600, 0o400, 0o440, 0o640] {
    try withFile(raw, mode: mode) { path in #expect(refusal { _ = try seal("file://" + path) } == nil) }
  }
}

@Test func whatIsNoKeyFileIsRefusedInWords() throws {
  let missing = try #require(refusal { _ = try seal("file:///nowhere/key") })
  #expect(missing == "current_key: cannot open the key file /nowhere/key: No such file or directory")
  #expect(refusal { _ = try seal("file:///tmp") } == "current_key: the key file /tmp is not a regular file")
  #expect(refusal { _ = try seal("file:///dev/zero") } == "current_key: the key file /dev/zero is not a regular file")
  try withFile([UInt8](repeating: 65, count: 5000)) { path in
    #expect(refusal { _ = try seal("file://" + path) }?.contains("too long") == true)
  }
}
