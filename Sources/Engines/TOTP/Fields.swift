internal import EngineAPI
internal import Primitives

enum Fields {
  static let name = Field.string("name", "The key's name.")
  static let after = Field.string("after", "Begin the list after this name.")
  static let limit = Field.int("limit", "List at most this many names; 0 is all of them.")

  static let generate = Field.bool("generate", "Whether the key is made here.")
  static let exported = Field.bool(
    "exported", "Whether a key that is made here is shown once; it is if nothing is said.")
  static let keySize = Field.int("key_size", "The length of a key that is made here, in bytes; 20 if not set.")
  static let url = Field.string("url", "A key made elsewhere, as an otpauth:// URL.", secret: true)
  static let secret = Field.string("key", "A key made elsewhere, in base32.", secret: true)
  static let issuer = Field.string("issuer", "Who gives the account; needed for keys that are made here.")
  static let accountName = Field.string("account_name", "The account; needed for keys that are made here.")
  static let period = Field<TimeSpan>.duration("period", "How long a password is good for; 30 seconds if not set.")
  static let algorithm = Field.string("algorithm", "SHA1, SHA256 or SHA512; SHA1 if not set.")
  static let digits = Field.int("digits", "How long passwords are, 6 or 8; 6 if not set.")
  static let skew = Field.int(
    "skew", "How many periods before and after count too when a password is checked, 0 or 1; 1 if not set.")
  static let qrSize = Field.int(
    "qr_size", "The width of the QR code in pixels; 200 if not set, 0 for no QR code.")

  static let code = Field.string("code", "The password to check.", secret: true)

  static let key: [FieldDescription] = [
    generate.description, exported.description, keySize.description, url.description, secret.description,
    issuer.description, accountName.description, period.description, algorithm.description, digits.description,
    skew.description, qrSize.description,
  ]
}
