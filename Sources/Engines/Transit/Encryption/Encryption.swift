internal import Cryptography
internal import Primitives
internal import SecretMemory

/// What encryption takes beside the text.
struct EncryptionOptions {
  var context: [UInt8] = []
  /// Only where the key's way of convergence wants one from the client.
  var nonce: [UInt8] = []
  var version: Int64 = 0
  var associatedData: [UInt8] = []
  var padding = AsymmetricKey.EncryptionPadding.oaep(.sha256)
}

extension LoadedKey {
  /// The version to use where `wanted` is asked for.
  func version(toUse wanted: Int64, for purpose: String) throws(Refusal) -> Int64 {
    if wanted == 0 { return record.latest }
    if wanted < 0 { throw Refusal("requested version for \(purpose) is negative") }
    if wanted > record.latest {
      throw Refusal("requested version for \(purpose) is higher than the latest key version")
    }
    if wanted < record.minEncryption || wanted < record.minDecryption {
      throw Refusal("requested version for \(purpose) is less than the minimum encryption key version")
    }
    return wanted
  }

  func encrypt(
    _ plaintext: [UInt8], _ options: EncryptionOptions, random: RandomSource
  ) throws(Refusal) -> (ciphertext: String, version: Int64) {
    guard type.supportsEncryption else {
      throw Refusal("message encryption not supported for key type \(type.name)")
    }
    let number = try version(toUse: options.version, for: "encryption")
    let sealed: [UInt8]
    if type.isRSA {
      sealed = try encryptRSA(plaintext, number, options.padding)
    } else if type.isMLKEM {
      sealed = try encapsulate(plaintext, number, options)
    } else {
      sealed = try seal(plaintext, number, options, random: random)
    }
    return (VersionedText(version: number, body: Base64.encode(sealed)).text, number)
  }

  func decrypt(_ ciphertext: String, _ options: EncryptionOptions) throws(Refusal) -> [UInt8] {
    guard type.supportsEncryption else {
      throw Refusal("message decryption not supported for key type \(type.name)")
    }
    let parsed = try VersionedText(ciphertext, "invalid ciphertext")
    if parsed.version > record.latest { throw Refusal("invalid ciphertext: version is too new") }
    if parsed.version < record.minDecryption { throw Refusal.tooOld }
    guard let sealed = try? Base64.decode(parsed.body) else {
      throw Refusal("invalid ciphertext: could not decode base64")
    }
    if type.isRSA { return try decryptRSA(sealed, parsed.version, options.padding) }
    if type.isMLKEM { return try decapsulate(sealed, parsed.version, options) }
    return try open(sealed, parsed.version, options)
  }

  // MARK: ML-KEM

  /// The encapsulation of a secret (FIPS 203), and the text under a key from it (RFC 5869), which serves for this text alone.
  private func encapsulate(
    _ plaintext: [UInt8], _ number: Int64, _ options: EncryptionOptions
  ) throws(Refusal) -> [UInt8] {
    if !options.nonce.isEmpty { throw Refusal("provided nonce not allowed for this key") }
    let pair = try pair(number)
    do throws(CryptographyError) {
      let (secret, encapsulation) = try pair.encapsulate()
      return try Self.encapsulatedCipher(secret).seal(
        plaintext, after: encapsulation, nonce: Self.onlyNonce, associatedData: options.associatedData)
    } catch { throw Refusal("the text cannot be encrypted", isInternal: true) }
  }

  private func decapsulate(
    _ sealed: [UInt8], _ number: Int64, _ options: EncryptionOptions
  ) throws(Refusal) -> [UInt8] {
    let pair = try pair(number)
    guard case .mlKEM(let parameters) = pair.kind else { throw Refusal.unreadable }
    if !pair.hasPrivatePart { throw Refusal("requested version for decryption does not contain a private part") }
    guard sealed.count >= parameters.encapsulationBytes else { throw Refusal("invalid ciphertext length") }
    do throws(CryptographyError) {
      let secret = try pair.decapsulate(sealed[..<parameters.encapsulationBytes])
      return try Self.encapsulatedCipher(secret).open(
        sealed[parameters.encapsulationBytes...], nonce: Self.onlyNonce, associatedData: options.associatedData)
    } catch { throw Refusal("cipher: message authentication failed") }
  }

  private static func encapsulatedCipher(_ secret: SecretBytes) throws(CryptographyError) -> AuthenticatedCipher {
    try AuthenticatedCipher(.aesGCM, key: HKDF.derive(from: secret, info: "transit ml-kem aes256-gcm", count: 32))
  }

  private static let onlyNonce = [UInt8](repeating: 0, count: AuthenticatedCipher.nonceBytes)

  // MARK: RSA

  private func encryptRSA(
    _ plaintext: [UInt8], _ number: Int64, _ padding: AsymmetricKey.EncryptionPadding
  ) throws(Refusal) -> [UInt8] {
    let pair = try pair(number)
    do { return try pair.encrypt(SecretBytes(copying: plaintext), padding) } catch {
      if error == .messageLength {
        throw Refusal(
          "failed to RSA encrypt the plaintext: crypto/rsa: message too long for RSA key size", isInternal: true)
      }
      throw Refusal.unreadable
    }
  }

  private func decryptRSA(
    _ sealed: [UInt8], _ number: Int64, _ padding: AsymmetricKey.EncryptionPadding
  ) throws(Refusal) -> [UInt8] {
    let pair = try pair(number)
    do { return try pair.decrypt(sealed, padding).withBytes { Array($0) } } catch {
      switch error {
      case .unsuitableKey: throw Refusal("requested version for decryption does not contain a private part")
      default:
        throw Refusal("failed to RSA decrypt the ciphertext: crypto/rsa: decryption error", isInternal: true)
      }
    }
  }

  // MARK: Ciphers

  /// The first way of convergence took the nonce from clients and kept it out of the ciphertext.
  private static let nonceFromClient: Int64 = 1
  /// The second made it of context and text.
  private static let nonceFromContext: Int64 = 2

  private func convergence(_ number: Int64) throws(Refusal) -> Int64 {
    if record.convergence > 0 { return record.convergence }
    let own = try version(number).convergence
    return own > 0 ? own : record.convergence < 0 ? 3 : Self.nonceFromClient
  }

  private func seal(
    _ plaintext: [UInt8], _ number: Int64, _ options: EncryptionOptions, random: RandomSource
  ) throws(Refusal) -> [UInt8] {
    let keys = try keys(number, context: options.context)
    let nonce: [UInt8]
    var nonceGoesAlong = true
    if record.isConvergent {
      let way = try convergence(number)
      if way == Self.nonceFromClient {
        guard options.nonce.count == AuthenticatedCipher.nonceBytes else {
          throw Refusal("nonce must be 12 bytes long when using this key")
        }
        nonce = options.nonce
        nonceGoesAlong = false
      } else {
        if !options.nonce.isEmpty { throw Refusal("provided nonce not allowed for this key") }
        let secret = way == Self.nonceFromContext ? SecretBytes(copying: options.context) : keys.nonceKey
        guard let secret else { throw Refusal.unreadable }
        nonce = Self.convergentNonce(plaintext, options.associatedData, secret)
      }
    } else {
      if !options.nonce.isEmpty { throw Refusal("provided nonce not allowed for this key") }
      nonce = random.bytes(AuthenticatedCipher.nonceBytes)
    }
    do {
      return try keys.cipher.seal(
        plaintext, after: nonceGoesAlong ? nonce : [], nonce: nonce, associatedData: options.associatedData)
    } catch { throw Refusal("the text cannot be encrypted", isInternal: true) }
  }

  /// The same nonce for the same text. Other associated data is another message, and must have another nonce for the
  /// cipher to hold; the nonce goes along, so that any server can still open it.
  private static func convergentNonce(
    _ plaintext: [UInt8], _ associatedData: [UInt8], _ secret: SecretBytes
  ) -> [UInt8] {
    let code: [UInt8]
    if associatedData.isEmpty {
      code = HMACKey(secret).authenticate(plaintext)
    } else {
      let own = HMACKey(HKDF.derive(from: secret, info: "nonces with associated data", count: 32))
      let length = withUnsafeBytes(of: UInt64(associatedData.count).bigEndian) { Array($0) }
      code = own.authenticate(length + associatedData + plaintext)
    }
    return Array(code[..<AuthenticatedCipher.nonceBytes])
  }

  private func open(_ sealed: [UInt8], _ number: Int64, _ options: EncryptionOptions) throws(Refusal) -> [UInt8] {
    let keys = try keys(number, context: options.context)
    var nonce: [UInt8]
    var body = sealed[...]
    if record.isConvergent, try convergence(number) == Self.nonceFromClient {
      guard options.nonce.count == AuthenticatedCipher.nonceBytes else {
        throw Refusal("invalid convergent nonce supplied")
      }
      nonce = options.nonce
    } else {
      guard sealed.count >= AuthenticatedCipher.nonceBytes else { throw Refusal("invalid ciphertext length") }
      nonce = Array(sealed[..<AuthenticatedCipher.nonceBytes])
      body = sealed[AuthenticatedCipher.nonceBytes...]
    }
    do { return try keys.cipher.open(body, nonce: nonce, associatedData: options.associatedData) } catch {
      throw Refusal("cipher: message authentication failed")
    }
  }

  private struct CipherKeys {
    var cipher: AuthenticatedCipher
    /// What makes convergent nonces.
    var nonceKey: SecretBytes?
  }

  /// The cipher of a version, for the context where the key is derived.
  private func keys(_ number: Int64, context: [UInt8]) throws(Refusal) -> CipherKeys {
    if !record.isDerived { return CipherKeys(cipher: try cipher(number), nonceKey: nil) }
    guard case .cipher(let algorithm, let count) = type.family, case .secret(let key) = try version(number).material
    else { throw Refusal.unreadable }
    var makesNonces = false
    if record.isConvergent { makesNonces = try convergence(number) > Self.nonceFromContext }
    let derived = try derive(from: key, context: context, count: makesNonces ? count + 32 : count)
    let parts = derived.withBytes { bytes in
      (
        SecretBytes(copying: bytes[..<count]),
        makesNonces ? SecretBytes(copying: bytes[count...]) : nil
      )
    }
    do {
      return CipherKeys(cipher: try AuthenticatedCipher(algorithm, key: parts.0), nonceKey: parts.1)
    } catch { throw Refusal.unreadable }
  }
}

/// `vault:v1:…`: the version of a key and what it made, the form of ciphertexts, signatures and HMACs.
struct VersionedText {
  let version: Int64
  let body: String

  static let prefix = "vault:v"

  init(version: Int64, body: String) {
    self.version = version
    self.body = body
  }

  /// `prefixText` is for the text that has another beginning; `kind` for all other mistakes.
  init(_ text: String, _ kind: String, noPrefix: String? = nil) throws(Refusal) {
    guard text.utf8.starts(with: Self.prefix.utf8) else { throw Refusal("\(noPrefix ?? kind): no prefix") }
    let rest = text.utf8.dropFirst(Self.prefix.utf8.count)
    guard let colon = rest.firstIndex(of: UInt8(ascii: ":")) else {
      throw Refusal("\(kind): wrong number of fields")
    }
    guard let number = Int64(String(decoding: rest[..<colon], as: UTF8.self)) else {
      throw Refusal("\(kind): version number could not be decoded")
    }
    // Version 0 was what the first was called once.
    version = number == 0 ? 1 : number
    body = String(decoding: rest[rest.index(after: colon)...], as: UTF8.self)
  }

  var text: String { "\(Self.prefix)\(version):\(body)" }
}

extension Refusal {
  static let tooOld = Refusal("ciphertext or signature version is disallowed by policy (too old)")
}
