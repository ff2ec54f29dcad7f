internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SSHKeys
internal import StorageAPI

private enum Fields {
  static let privateKey = Field.string(
    "private_key", "The authority's private key in OpenSSH's form or PEM, without a passphrase.", secret: true)
  static let publicKey = Field.string("public_key", "The public key that goes with private_key.")
  static let generates = Field.bool("generate_signing_key", "Make a new key pair. The default, unless keys are given.")
  static let type = Field.string(
    "key_type",
    "What to make: ssh-rsa (the default), ecdsa-sha2-nistp256, -nistp384, -nistp521, ssh-ed25519; or rsa, ec, ed25519.")
  static let bits = Field.int("key_bits", "The length of a key to make, for rsa (4096 by default) and ec (256).")
}

extension SSHMount {
  private static let rsaBits = 4096

  static let authorityRoutes: [Route<SSHMount>] = [
    Route(
      "config/ca",
      fields: [
        Fields.privateKey.description, Fields.publicKey.description, Fields.generates.description,
        Fields.type.description, Fields.bits.description,
      ],
      summary: "The key pair of the certificate authority",
      help: """
        A write makes a key pair, or takes one in; a read shows the public key. A pair that is there is not \
        overwritten: delete it first.
        """,
      [
        .read: { engine, _ in
          guard let authority = try engine.storedAuthority() else { throw SSHMount.noAuthority }
          return .data(["public_key": .string(authority.publicLine)])
        },
        .update: { engine, call in try engine.configureAuthority(call) },
        .delete: { engine, _ in
          try engine.storage.delete(SSHMount.authorityKey)
          return .none
        },
      ]),
    Route(
      "public_key", traits: .unauthenticated, summary: "The authority's public key as plain text",
      help: "For the file that TrustedUserCAKeys of sshd names, or a line with @cert-authority in known_hosts.",
      [
        .read: { engine, _ in
          guard let authority = try engine.storedAuthority() else { return .none }
          return Reply(.raw(contentType: "text/plain", Array(authority.publicLine.utf8)))
        }
      ]),
  ]

  private func configureAuthority(_ call: Call) throws -> Reply {
    let privateText = try call[Fields.privateKey] ?? ""
    let publicText = try call[Fields.publicKey] ?? ""
    let isGivenNothing = privateText.isEmpty && publicText.isEmpty
    let generates = try call[Fields.generates] ?? isGivenNothing
    if generates && !isGivenNothing {
      throw EngineError.invalid(
        "public_key and private_key must not be set when generate_signing_key is set to true")
    }
    if !generates && (privateText.isEmpty || publicText.isEmpty) {
      throw EngineError.invalid(
        "if generate_signing_key is false, either both public_key and private_key or a managed key must be provided")
    }
    let kind =
      generates
      ? try KeyChoice.kind(
        type: try call[Fields.type] ?? "ssh-rsa", bits: try call[Fields.bits] ?? 0, rsaBits: Self.rsaBits) : nil
    // Making a key takes long, which would be for nothing.
    if try storage.get(Self.authorityKey) != nil { throw Self.isConfigured }

    let authority: Authority
    if let kind {
      let key = try AsymmetricKey.generate(kind)
      authority = Authority(key: key, publicLine: try PublicKey(key).line + "\n")
    } else {
      authority = try imported(privateText, publicText)
    }
    let record = try authority.encoded()
    try storage.transaction { transaction in
      if try transaction.get(Self.authorityKey) != nil { throw Self.isConfigured }
      transaction.put(Self.authorityKey, record)
    }
    return generates ? .data(["public_key": .string(authority.publicLine)]) : .none
  }

  private static let isConfigured = EngineError.invalid(
    "keys are already configured; delete them before reconfiguring")

  private func imported(_ privateText: String, _ publicText: String) throws -> Authority {
    let key: AsymmetricKey
    do throws(SSHKeyError) { key = try PrivateKeyText.read(privateText) } catch {
      throw EngineError.invalid("Unable to parse private_key as an SSH private key: \(error)")
    }
    let publicKey: PublicKey
    do throws(SSHKeyError) { publicKey = try PublicKey(line: publicText) } catch {
      throw EngineError.invalid("Unable to parse public_key as an SSH public key: \(error)")
    }
    guard try PublicKey(key).blob == publicKey.blob else {
      throw EngineError.invalid("public_key and private_key do not belong together")
    }
    return Authority(key: key, publicLine: publicText)
  }
}
