internal import Cryptography
internal import IdentityTokens
internal import JSONText
internal import Primitives
internal import SecretMemory

/// What an access token allows: to be told, at one provider, who somebody is.
struct UserInfoGrant: Sendable, Equatable {
  var provider: String
  var clientID: String
  var entityID: String
  var scopes: [String]
  var expires: Timestamp
}

/// Access tokens carry their grant sealed inside, so that issuing one writes nothing. They are no tokens of this server:
/// no other endpoint takes them.
struct AccessTokens: Sendable {
  static let keyBytes = 32
  private static let saltBytes = 24
  /// As clients know tokens that are not stored.
  private static let prefix = "hvb."

  private let key: HMACKey
  private let random: RandomSource

  init(key: [UInt8], random: RandomSource) {
    self.key = HMACKey(SecretBytes(copying: key))
    self.random = random
  }

  func seal(_ grant: UserInfoGrant) throws(CryptographyError) -> String {
    let record: JSONObject = [
      "provider": .string(grant.provider), "client": .string(grant.clientID), "entity": .string(grant.entityID),
      "scopes": .strings(grant.scopes), "expires": .int(grant.expires.nanoseconds),
    ]
    let salt = random.bytes(Self.saltBytes)
    let sealed = try cipher(salt).seal(
      JSONText(record).bytes, after: salt, nonce: Self.nonce, associatedData: Self.associated)
    return Self.prefix + Base64.encode(sealed, alphabet: .url, padded: false)
  }

  /// Nil for what `seal` did not make, and for what is over.
  func open(_ text: String, now: Timestamp) -> UserInfoGrant? {
    guard text.hasPrefix(Self.prefix),
      let bytes = try? Base64.decode(String(text.dropFirst(Self.prefix.count)), alphabet: .url, padded: false),
      bytes.count > Self.saltBytes, let cipher = try? cipher(Array(bytes[..<Self.saltBytes])),
      let opened = try? cipher.open(bytes[Self.saltBytes...], nonce: Self.nonce, associatedData: Self.associated),
      let record = try? JSONParser.parse(opened, limits: .unlimited), let provider = record["provider"]?.stringValue,
      let client = record["client"]?.stringValue, let entity = record["entity"]?.stringValue,
      let expires = record["expires"]?.int64Value
    else { return nil }
    let end = Timestamp(nanoseconds: expires)
    guard now < end else { return nil }
    return UserInfoGrant(
      provider: provider, clientID: client, entityID: entity, scopes: OIDCAccess.texts(record["scopes"]), expires: end)
  }

  /// A key for each token, derived from 192 random bits, so that no nonce is needed.
  private func cipher(_ salt: [UInt8]) throws(CryptographyError) -> AESGCM {
    try AESGCM(key: SecretBytes(copying: key.authenticate(salt)))
  }

  private static let nonce = [UInt8](repeating: 0, count: AESGCM.nonceBytes)
  private static let associated = Array("oidc access token 1".utf8)
}
