internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives

enum CertificateChain {
  /// PEM blocks without a line feed at the end; empty for no certificates.
  static func text(_ chain: [[UInt8]]) -> String {
    String(chain.map { PEM.encode("CERTIFICATE", $0) }.joined().dropLast())
  }
}

extension TransitMount {
  private typealias Own = TransferFields

  private static func noKey(_ name: String) -> EngineError {
    .invalid("key with provided name '\(name)' not found")
  }

  func requestText(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard let key = try load(name) else { throw Self.noKey(name) }
    guard key.type.supportsSigning else {
      throw EngineError.invalid("key type '\(key.type.name)' does not support signing")
    }
    if key.record.isDerived { throw EngineError.invalid("operation not supported on keys with derivation enabled") }
    let wanted = try call[Own.numberedVersion] ?? 0
    let number = wanted == 0 ? key.record.latest : wanted
    let text = try call[Own.request] ?? ""
    var template: [UInt8]?
    if !text.isEmpty {
      guard let block = PEM.first(in: text) else {
        throw EngineError.invalid("could not decode PEM certificate request")
      }
      guard (try? CertificateRequest.check(block.bytes)) != nil else {
        throw EngineError.invalid("could not parse the certificate request")
      }
      template = block.bytes
    }
    let pair: AsymmetricKey
    do throws(Refusal) { pair = try key.pair(number) } catch {
      throw EngineError.invalid("could not create the csr: \(error.text)")
    }
    if !pair.hasPrivatePart {
      throw EngineError.invalid("could not create the csr: private key not imported for key version selected")
    }
    let request = try CertificateRequest.make(template: template, key: pair)
    return .data([
      "csr": .string(PEM.encode("CERTIFICATE REQUEST", request)), "name": .string(name),
      "type": .string(key.type.name),
    ])
  }

  func setCertificate(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    let text = try call[Own.chain] ?? ""
    let wanted = try call[Own.numberedVersion] ?? 0
    guard let key = try load(name) else { throw Self.noKey(name) }
    guard key.type.supportsSigning else {
      throw EngineError.invalid("key type \(key.type.name) does not support signing")
    }
    if key.record.isDerived { throw EngineError.invalid("operation not supported on keys with derivation enabled") }
    guard let blocks = PEM.all(in: text) else {
      throw EngineError.invalid("could not decode PEM block in certificate chain")
    }
    let chain = blocks.filter { $0.label == "CERTIFICATE" }.map(\.bytes)
    let facts = try chain.enumerated().map { index, certificate in
      guard let facts = try? CertificateFacts(der: certificate) else {
        throw EngineError.invalid(
          "failed to parse certificate in certificate chain: the one at \(index) cannot be read")
      }
      return facts
    }
    guard let leaf = facts.first else {
      throw EngineError.invalid("provided certificate chain did not contain any valid PEM certificate")
    }
    if leaf.isAuthority {
      throw EngineError.invalid(Self.notKept + "certificate in the first position is not a leaf certificate")
    }
    if facts.dropFirst().contains(where: \.isLeaf) {
      throw EngineError.invalid(Self.notKept + "provided certificate chain contains more than one leaf certificate")
    }
    let number = wanted == 0 ? key.record.latest : wanted
    try check(leaf, key, number)
    let changed = try change(name) { record in
      guard var version = record.versions[number],
        version.material.publicText == key.record.versions[number]?.material.publicText
      else { throw Self.noKey(name) }
      version.certificates = chain
      record.versions[number] = version
    }
    if changed == nil { throw Self.noKey(name) }
    return .data([
      "certificate-chain": .string(text), "name": .string(name), "type": .string(key.type.name),
    ])
  }

  private static let notKept = "failed to persist certificate chain: "

  /// The leaf must be for the key of that version.
  private func check(_ leaf: CertificateFacts, _ key: LoadedKey, _ number: Int64) throws {
    let unmatched =
      Self.notKept + "could not validate key match between leaf certificate key and key version in transit: "
    let pair: AsymmetricKey
    do throws(Refusal) { pair = try key.pair(number) } catch { throw EngineError.invalid(unmatched + error.text) }
    let fits =
      switch (pair.kind, leaf.algorithm) {
      case (.ed25519, .ed25519), (.ecdsa, .ecdsa), (.rsa, .rsa), (.mlDSA, .mlDSA): true
      default: false
      }
    if !fits {
      throw EngineError.invalid(
        unmatched + "provided leaf certificate public key algorithm '\(leaf.algorithm.rawValue)' does not match the "
          + "transit key type '\(key.type.name)'")
    }
    guard let publicKey = leaf.publicKey, publicKey.hasSamePublicPart(as: pair) else {
      throw EngineError.invalid(Self.notKept + "leaf certificate public key does match the key version selected")
    }
  }
}
