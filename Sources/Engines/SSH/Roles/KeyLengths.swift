internal import EngineAPI
internal import JSONText
internal import SSHKeys

/// Which kinds of keys may be signed, and how long they may be. Empty, any may.
struct KeyLengths: Equatable {
  private(set) var byType: [String: [Int64]] = [:]

  init() {}

  /// Reads the field: a map from types to a length, a list of them, or a text with commas.
  init(field: JSONValue) throws(FieldMismatch) {
    var value = field
    if case .string(let text) = field {
      value = text.isEmpty ? .null : (try? JSONParser.parse(text)) ?? .null
      if value.isNull && !text.isEmpty { throw FieldMismatch("expected a map of key types to lengths") }
    }
    if value.isNull { return }
    guard let object = value.objectValue else { throw FieldMismatch("expected a map of key types to lengths") }
    for member in object.members {
      let lengths = try Coercion.ints(member.value)
      if lengths.contains(where: { $0 < 0 }) { throw FieldMismatch("a length cannot be negative") }
      byType[member.name] = lengths
    }
  }

  init(json: JSONValue?) {
    for member in json?.objectValue?.members ?? [] {
      byType[member.name] = member.value.arrayValue?.compactMap(\.int64Value) ?? []
    }
  }

  var json: JSONValue {
    .object(
      JSONObject(byType.sorted { $0.key < $1.key }.map { ($0.key, .array($0.value.map { .int($0) })) }))
  }

  /// Why a key may not be signed.
  enum Unsuitable: Error {
    case type(String)
    case length(Int)

    /// Where the request brings the key.
    var ofGivenKey: EngineError {
      let reason =
        switch self {
        case .type(let name): "key of type \(name) is not allowed"
        case .length(let bits): "key is of an invalid size: \(bits)"
        }
      return .invalid("public_key failed to meet the key requirements: " + reason)
    }

    /// Where the request says what key to make.
    var ofKeyToMake: EngineError {
      switch self {
      case .type: .invalid("provided key_type value not in allowed_user_key_types")
      case .length: .invalid("provided key_bits value not in list of role's allowed_user_key_types")
      }
    }
  }

  func check(_ algorithm: KeyAlgorithm, bits: Int) throws(Unsuitable) {
    if byType.isEmpty { return }
    // A name that says the length, too, needs no other word about it.
    if algorithm != .rsa, byType[algorithm.rawValue] != nil { return }
    let name = Self.name(algorithm)
    let names = [name, Self.otherName(algorithm)].compactMap { $0 }.filter { byType[$0] != nil }
    if names.isEmpty { throw .type(name) }
    if algorithm == .ed25519 || algorithm == .tokenEd25519 { return }
    guard names.contains(where: { byType[$0]?.contains(Int64(bits)) ?? false }) else {
      throw .length(bits)
    }
  }

  private static func name(_ algorithm: KeyAlgorithm) -> String {
    switch algorithm {
    case .rsa: "rsa"
    case .ecdsa256, .ecdsa384, .ecdsa521: "ecdsa"
    case .ed25519: "ed25519"
    case .tokenECDSA: "ecdsa-sk"
    case .tokenEd25519: "ed25519-sk"
    }
  }

  private static func otherName(_ algorithm: KeyAlgorithm) -> String? {
    switch algorithm {
    case .rsa: KeyAlgorithm.rsa.rawValue
    case .ecdsa256, .ecdsa384, .ecdsa521: "ec"
    default: nil
    }
  }
}
