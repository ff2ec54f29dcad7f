internal import Cryptography
internal import Primitives
internal import SecretMemory

/// How a signature is made and written.
struct SignatureOptions {
  enum Marshaling: String { case asn1, jws }

  /// Nil for none, which RSA with PKCS #1 v1.5 alone can do.
  var hash: HashFunction? = .sha256
  var padding = "pss"
  var marshaling = Marshaling.asn1
  var salt = AsymmetricKey.SaltLength.automatic
  var isPrehashed = false
  var hasSignatureContext = false
}

extension LoadedKey {
  func sign(
    _ input: [UInt8], version wanted: Int64, context: [UInt8], _ options: SignatureOptions
  ) throws(Refusal) -> (signature: String, version: Int64, publicKey: [UInt8]?) {
    try checkVariant(options)
    let number = try version(toUse: wanted, for: "signing")
    guard try version(number).material.hasPrivatePart else {
      throw Refusal("requested version for signing does not contain a private part")
    }
    let pair = try pair(number, context: context)
    let scheme = try scheme(options, pair)
    var signature: [UInt8]
    do { signature = try pair.sign(message(input, options), scheme) } catch {
      if error != .digestLength { throw Refusal.unreadable }
      throw Refusal(
        options.hash == nil
          ? "crypto/rsa: message too long for RSA key size" : "crypto/rsa: input must be hashed with given hash")
    }
    if options.marshaling == .jws, case .ecdsa(let curve) = pair.kind {
      guard let flat = try? ECDSASignature.sideBySide(der: signature, curve: curve) else { throw Refusal.unreadable }
      signature = flat
    }
    let body =
      options.marshaling == .jws
      ? Base64.encode(signature, alphabet: .url, padded: false) : Base64.encode(signature)
    let publicKey = record.isDerived ? try? pair.rawPublicKey() : nil
    return (VersionedText(version: number, body: body).text, number, publicKey)
  }

  func verify(
    _ signature: String, of input: [UInt8], context: [UInt8], _ options: SignatureOptions
  ) throws(Refusal) -> Bool {
    do { try checkVariant(options) } catch { throw Refusal("failed to parse item: " + error.text) }
    let parsed = try VersionedText(signature, "invalid signature")
    if parsed.version > record.latest { throw Refusal("invalid signature: version is too new") }
    if parsed.version < record.minDecryption { throw Refusal.tooOld }
    let decoded =
      options.marshaling == .jws
      ? try? Base64.decode(parsed.body, alphabet: .url, padded: false) : try? Base64.decode(parsed.body)
    guard var bytes = decoded else { throw Refusal("invalid base64 signature value") }
    let pair = try pair(parsed.version, context: context)
    let scheme = try scheme(options, pair)
    if case .ecdsa = pair.kind {
      if options.marshaling == .jws {
        guard let der = ECDSASignature.der(sideBySide: bytes) else { throw Refusal("supplied signature is invalid") }
        bytes = der
      }
      do { try ECDSASignature.check(der: bytes) } catch {
        throw Refusal(
          error == .extraData ? "supplied signature contains extra data" : "supplied signature is invalid")
      }
    }
    do { return try pair.verify(bytes, of: message(input, options), scheme) } catch { throw Refusal.unreadable }
  }

  private func pair(_ number: Int64, context: [UInt8]) throws(Refusal) -> AsymmetricKey {
    guard type == .ed25519 else { return try pair(number) }
    if record.isDerived && context.isEmpty {
      throw Refusal("error deriving key: " + Refusal.missingContext.text)
    }
    return try ed25519(number, context: context)
  }

  /// Ed25519 and ML-DSA hash by themselves, in one of several variants of which this is the plain one.
  private func checkVariant(_ options: SignatureOptions) throws(Refusal) {
    if type.isMLDSA {
      if options.isPrehashed { throw Refusal("keys of type ml-dsa sign the message itself: prehashed must be false") }
      if options.hash != .sha256 {
        throw Refusal("keys of type ml-dsa sign the message itself: hash_algorithm should not be set")
      }
      if options.hasSignatureContext { throw Refusal("signature_context must be empty for keys of type ml-dsa") }
    }
    guard type == .ed25519 else { return }
    let beginning = "failed to parse batch item: only Pure Ed25519 signatures supported, "
    if options.isPrehashed { throw Refusal(beginning + "prehashed must be false") }
    // The misspelt name is what clients know.
    if options.hash != .sha256 { throw Refusal(beginning + "hash_alogithm should not be set") }
    if options.hasSignatureContext { throw Refusal(beginning + "signature_context must be empty") }
  }

  private func message(_ input: [UInt8], _ options: SignatureOptions) -> [UInt8] {
    guard type != .ed25519, !type.isMLDSA, !options.isPrehashed, let hash = options.hash else { return input }
    return hash.digest(of: input)
  }

  private func scheme(
    _ options: SignatureOptions, _ pair: AsymmetricKey
  ) throws(Refusal) -> AsymmetricKey.SignatureScheme {
    switch pair.kind {
    case .ed25519: return .ed25519
    case .ecdsa: return .ecdsa
    case .mlDSA: return .mlDSA
    case .mlKEM: throw Refusal.unreadable
    case .rsa:
      switch options.padding {
      case "pkcs1v15": return .pkcs1(options.hash)
      case "pss", "":
        guard let hash = options.hash else { throw Refusal("unsupported hash algorithm for pss") }
        if case .bytes(let count) = options.salt, !(0...max(0, pair.longestSalt(hash))).contains(count) {
          throw Refusal("requested salt length \(count) is invalid")
        }
        return .pss(hash, options.salt)
      default: throw Refusal("unsupported rsa signature algorithm \(options.padding)")
      }
    }
  }
}

extension LoadedKey {
  func authenticate(_ input: [UInt8], version wanted: Int64, _ hash: HashFunction) throws(Refusal) -> String {
    let number = wanted == 0 ? record.latest : wanted
    if number > record.latest {
      throw Refusal("key version does not exist; latest key version is \(record.latest)")
    }
    if number < 0 { throw Refusal("key version does not exist") }
    if number < record.minEncryption || number < record.minDecryption {
      throw Refusal("cannot generate HMAC: version is too old (disallowed by policy)")
    }
    return VersionedText(version: number, body: Base64.encode(try mac(number, hash).authenticate(input))).text
  }

  func verify(hmac: String, of input: [UInt8], _ hash: HashFunction) throws(Refusal) -> Bool {
    let parsed = try VersionedText(hmac, "invalid HMAC", noPrefix: "invalid HMAC to verify")
    let code = try Encoded.decode(parsed.body, "unable to decode verification HMAC as base64: ")
    if parsed.version > record.latest { throw Refusal("invalid HMAC: version is too new") }
    if parsed.version < record.minDecryption {
      throw Refusal("cannot verify HMAC: version is too old (disallowed by policy)")
    }
    let right = try mac(parsed.version, hash).authenticate(input)
    return right.withUnsafeBytes { right in code.withUnsafeBytes { constantTimeEqual(right, $0) } }
  }
}
