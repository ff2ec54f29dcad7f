internal import EngineAPI
internal import JSONText
internal import Primitives

/// Fields that several endpoints share.
enum Fields {
  static let name = Field.string("name", "The name of the key.")
  static let type = Field.string(
    "type",
    "aes128-gcm96, aes256-gcm96, chacha20-poly1305, ed25519, ecdsa-p256, ecdsa-p384, ecdsa-p521, rsa-2048, rsa-3072, "
      + "rsa-4096 or hmac; with the mount's option extended_key_types also ml-dsa, ml-kem, aes128-cmac, aes192-cmac "
      + "and aes256-cmac.")
  static let parameterSet = Field.string(
    "parameter_set", "44, 65 or 87 for keys of type ml-dsa, 768 or 1024 for keys of type ml-kem.")
  static let derived = Field.bool("derived", "Whether each context has a key of its own.")
  static let convergent = Field.bool(
    "convergent_encryption", "Whether equal texts in equal contexts give equal ciphertexts.")
  static let exportable = Field.bool("exportable", "Whether the key may leave. Cannot be taken back.")
  static let plaintextBackup = Field.bool(
    "allow_plaintext_backup", "Whether backups may be taken, which hold the key bare. Cannot be taken back.")
  static let rotationPeriod = Field.duration(
    "auto_rotate_period", "After how long a new version is made; 0 for never, otherwise at least an hour.")
  static let context = Field.string("context", "What a derived key is derived for, in base64.")
  static let keyVersion = Field.int("key_version", "The version of the key to use; 0 for the latest.")
  static let nonce = Field.string("nonce", "Only for convergent keys of very old servers, in base64.")
  static let batch = Field.any(
    "batch_input", "A list of objects with the fields of a single request; the answer has a list of results.")
  static let reference = "reference"
  static let paddingScheme = Field.string("padding_scheme", "oaep or pkcs1v15, for RSA keys.")
  static let partialFailure = Field.int(
    "partial_failure_response_code", "The status where some items of a batch fail and some do not.")
}

extension Call {
  /// The bytes of a field in base64; empty where it is absent.
  func bytes(_ field: Field<String>) throws -> [UInt8] {
    let text = try self[field] ?? ""
    return try single { () throws(Refusal) in try Encoded.decode(text, named: field.name) }
  }
}

/// Base64 as clients send it.
enum Encoded {
  /// With words of what it was meant to be before the reason.
  static func decode(_ text: String, _ prefix: @autoclosure () -> String = "") throws(Refusal) -> [UInt8] {
    do { return try Base64.decode(text, strayBits: true) } catch { throw Refusal(prefix() + reason(error)) }
  }

  /// Where clients are told what is broken, but not why.
  static func decode(_ text: String, named name: String) throws(Refusal) -> [UInt8] {
    do { return try Base64.decode(text, strayBits: true) } catch {
      throw Refusal("failed to base64-decode \(name)")
    }
  }

  private static func reason(_ error: Base64.Corrupt) -> String { "illegal base64 data at input byte \(error.offset)" }
}

/// Runs what may be refused, for a request that has no batch.
func single<R>(_ body: () throws(Refusal) -> R) throws(EngineError) -> R {
  do throws(Refusal) { return try body() } catch { throw .invalid(error.text) }
}
