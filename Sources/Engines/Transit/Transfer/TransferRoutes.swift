internal import EngineAPI
internal import JSONText

/// Keys that come and go.
extension TransitMount {
  enum TransferFields {
    static let exportType = Field.string(
      "type", "encryption-key, signing-key, hmac-key, cmac-key, public-key or certificate-chain.")
    static let version = Field.string("version", "A version, or `latest`; all of them where it is left out.")
    static let backup = Field.string("backup", "What `backup` answered.", secret: true)
    static let force = Field.bool("force", "Whether a key of that name is replaced.")
    static let ciphertext = Field.string(
      "ciphertext",
      "An AES-256 key encrypted with the wrapping key (RSA-OAEP) and the key to import wrapped with that "
        + "(AES-KWP), in a row, in base64.")
    static let publicKey = Field.string("public_key", "A public key in PEM, to import it alone.")
    static let hashFunction = Field.string("hash_function", "The hash of OAEP: SHA1, SHA224, SHA256, SHA384, SHA512.")
    static let hash = Field.string("hash", "The hash of OAEP: SHA1, SHA224, SHA256, SHA384, SHA512.")
    static let allowRotation = Field.bool("allow_rotation", "Whether the server may make versions of an imported key.")
    static let numberedVersion = Field.int("version", "The version meant; the latest where it is left out.")
    static let destination = Field.string("destination", "The RSA key to wrap with.")
    static let source = Field.string("source", "The key to hand on.")
    static let request = Field.string("csr", "A certificate request in PEM whose subject and extensions to take.")
    static let chain = Field.string("certificate_chain", "Certificates in PEM, the leaf first.")
  }
  private typealias Own = TransferFields

  static let transferRoutes: [Route<TransitMount>] =
    ["", "/{version}"].map { tail in
      Route(
        PathPattern(stringLiteral: "export/{type}/{name}" + tail),
        fields: [Own.exportType.description, Fields.name.description, Own.version.description],
        summary: "The key itself", [.read: { mount, call in try mount.export(call) }])
    }
    + ["", "/{version}"].map { tail in
      Route(
        PathPattern(stringLiteral: "byok-export/{destination}/{source}" + tail),
        fields: [
          Own.destination.description, Own.source.description, Own.version.description, Own.hash.description,
        ],
        summary: "A key wrapped for import elsewhere", [.read: { mount, call in try mount.wrapForExport(call) }])
    } + [
      Route(
        "backup/{name}", fields: [Fields.name.description], summary: "A key with all its versions, bare",
        [.read: { mount, call in try mount.backUp(call) }]),
      Route(
        "restore/{name...?}",
        fields: [Fields.name.description, Own.backup.description, Own.force.description],
        summary: "Bring a key back from a backup", [.update: { mount, call in try mount.restore(call) }]),
      Route(
        "wrapping_key", summary: "The public key to wrap keys with for import",
        [.read: { mount, _ in try mount.showWrappingKey() }]),
      Route(
        "keys/{name}/import",
        fields: [
          Fields.name.description, Fields.type.description, Fields.parameterSet.description, Own.ciphertext.description,
          Own.publicKey.description,
          Own.hashFunction.description, Fields.derived.description, Fields.convergent.description,
          Fields.exportable.description, Fields.plaintextBackup.description, Own.allowRotation.description,
          Fields.rotationPeriod.description, Fields.context.description,
        ],
        summary: "Make a key of what is brought", [.update: { mount, call in try mount.importKey(call) }]),
      Route(
        "keys/{name}/import_version",
        fields: [
          Fields.name.description, Own.ciphertext.description, Own.publicKey.description,
          Own.hashFunction.description, Own.numberedVersion.description,
        ],
        summary: "Add a version to an imported key, or the private part to one",
        [.update: { mount, call in try mount.importVersion(call) }]),
      Route(
        "keys/{name}/csr",
        fields: [Fields.name.description, Own.numberedVersion.description, Own.request.description],
        summary: "A certificate request signed by a key", [.update: { mount, call in try mount.requestText(call) }]),
      Route(
        "keys/{name}/set-certificate",
        fields: [Fields.name.description, Own.numberedVersion.description, Own.chain.description],
        summary: "Keep a certificate chain with a key", [.update: { mount, call in try mount.setCertificate(call) }]),
    ]
}
