package import JSONText
internal import Primitives

/// A key as a seal wrapped it, and the name of what it was wrapped with.
package struct SealedKey: Sendable, Equatable {
  package var ciphertext: [UInt8]
  package var keyID: String

  package init(ciphertext: [UInt8], keyID: String) {
    self.ciphertext = ciphertext
    self.keyID = keyID
  }

  /// As it is stored: `{"key_id": …, "ciphertext": …}`, the ciphertext in base64.
  package var json: JSONText {
    let object: JSONObject = ["key_id": .string(keyID), "ciphertext": .string(Base64.encode(ciphertext))]
    return JSONText(object)
  }

  package init(json: JSONValue) throws(SealError) {
    guard let keyID = json["key_id"]?.stringValue, let text = json["ciphertext"]?.stringValue,
      let ciphertext = try? Base64.decode(text)
    else { throw .damaged }
    self.init(ciphertext: ciphertext, keyID: keyID)
  }

  package init(json text: [UInt8]) throws(SealError) {
    guard let value = try? JSONParser.parse(text) else { throw .damaged }
    try self.init(json: value)
  }
}
