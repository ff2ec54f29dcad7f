internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SSHKeys

private enum Fields {
  static let publicKey = Field.string("public_key", "The public key to sign, as OpenSSH writes it.", required: true)
  static let type = Field.string("key_type", "What key to make: rsa (the default), ec or ed25519.")
  static let bits = Field.int("key_bits", "Its length: 2048 by default for rsa, 256 for ec.")
}

extension SSHMount {
  static let signingRoutes: [Route<SSHMount>] = [
    Route(
      "sign/{role:any}", fields: CertificateFields.all + [Fields.publicKey.description],
      summary: "Sign a public key", help: "The certificate is not kept.",
      [.update: { engine, call in try engine.sign(call) }]),
    Route(
      "issue/{role:any}", fields: CertificateFields.all + [Fields.type.description, Fields.bits.description],
      summary: "Make a key pair and sign its public key", help: "Neither the key nor the certificate is kept.",
      [.update: { engine, call in try engine.issue(call) }]),
  ]

  private static let issuedRSABits = 2048

  private func sign(_ call: Call) throws -> Reply {
    let (name, role) = try certificateRole(call)
    let text = try call[Fields.publicKey] ?? ""
    if text.isEmpty { throw EngineError.invalid("missing public_key") }
    let key: PublicKey
    do throws(SSHKeyError) { key = try PublicKey(line: text) } catch {
      throw EngineError.invalid("failed to parse public_key as SSH key: \(error)")
    }
    do { try role.allowedKeyLengths.check(key.algorithm, bits: key.bits) } catch { throw error.ofGivenKey }
    let terms = try CertificateTerms(call, role: role, settings: context.settings())
    return .data(try signed(key, terms, call, role: role, roleName: name), warnings: terms.warnings)
  }

  private func issue(_ call: Call) throws -> Reply {
    let (name, role) = try certificateRole(
      call, unknown: "unknown role", unsuitable: "role key type 'otp' not allowed to issue key pairs")
    let type = try call[Fields.type] ?? "rsa"
    guard ["rsa", "ec", "ed25519"].contains(type) else {
      throw EngineError.list(status: 400, ["unknown ssh key pair algorithm: \(type)"])
    }
    let kind = try KeyChoice.kind(type: type, bits: try call[Fields.bits] ?? 0, rsaBits: Self.issuedRSABits)
    let algorithm: KeyAlgorithm
    let bits: Int
    switch kind {
    case .rsa(let length): (algorithm, bits) = (.rsa, length)
    case .ecdsa(let curve): (algorithm, bits) = (KeyAlgorithm(curve), curve == .p521 ? 521 : curve.fieldBytes * 8)
    case .ed25519: (algorithm, bits) = (.ed25519, 256)
    case .mlDSA, .mlKEM: throw CryptographyError.unsuitableKey
    }
    do { try role.allowedKeyLengths.check(algorithm, bits: bits) } catch { throw error.ofKeyToMake }
    // Whoever may not have the certificate does not cost us the making of a key.
    let terms = try CertificateTerms(call, role: role, settings: context.settings())
    if try storedAuthority() == nil { throw Self.noAuthority }
    let key = try AsymmetricKey.generate(kind)
    var data = try signed(try PublicKey(key), terms, call, role: role, roleName: name)
    data["private_key"] = .string(try privateText(key))
    data["private_key_type"] = .string(type)
    return .data(data, warnings: terms.warnings)
  }

  private func signed(
    _ key: PublicKey, _ terms: CertificateTerms, _ call: Call, role: CertificateRole, roleName: String
  ) throws -> JSONObject {
    let keyID = try KeyID.of(key, call, role: role, roleName: roleName)
    guard let authority = try storedAuthority() else { throw Self.noAuthority }
    let signer: CertificateSigner
    do throws(CryptographyError) {
      signer = try CertificateSigner(authority.key, algorithm: role.signatureAlgorithm)
    } catch {
      throw EngineError.invalid("algorithm_signer \"\(role.algorithmSigner)\" does not go with the authority's key")
    }
    let serial = context.random.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    let certificate = terms.certificate(for: key, keyID: keyID, serial: serial, role: role, now: call.now)
    let line: String
    do { line = try certificate.signed(by: signer, nonce: context.random.bytes(32)) } catch let error as SSHKeyError {
      throw EngineError.invalid("the certificate cannot be made: \(error)")
    }
    return ["serial_number": .string(String(serial, radix: 16)), "signed_key": .string(line + "\n")]
  }

  private func certificateRole(
    _ call: Call, unknown: String = "Unknown role", unsuitable: String = "role key type 'otp' not allowed to sign keys"
  ) throws -> (name: String, role: CertificateRole) {
    let name = try Self.roleName(call)
    switch try role(named: name) {
    case .certificate(let role): return (name, role)
    case .password: throw EngineError.invalid(unsuitable)
    case nil: throw EngineError.invalid("\(unknown): \(name)")
    }
  }

  /// RSA and EC keys in the older form, which more programs read; Ed25519 keys have none but OpenSSH's.
  private func privateText(_ key: AsymmetricKey) throws -> String {
    if key.kind == .ed25519 {
      let check = context.random.bytes(4).reduce(0) { $0 << 8 | UInt32($1) }
      return try PrivateKeyText.openSSH(key, comment: "", check: check)
    }
    let (label, der) = try key.traditional()
    return der.withBytes { PEM.encode(label, Array($0)) }
  }
}
