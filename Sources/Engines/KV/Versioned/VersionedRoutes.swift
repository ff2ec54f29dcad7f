internal import EngineAPI
internal import JSONText
internal import Primitives

extension VersionedSecrets {
  enum Fields {
    static let path = Field.string("path", "The key of the secret.")
    static let data = Field<JSONValue>(
      "data", kind: .object, help: "The value of the secret, an object.", required: true, secret: true
    ) {
      (raw) throws(FieldMismatch) in
      switch raw {
      case .object, .null: return raw
      default: throw FieldMismatch("'' expected a map, got '\(Coercion.name(raw))'")
      }
    }
    static let options = Field.object(
      "options", "\"cas\": write only if this is the number of the current version; 0: only if there is none.")
    static let version = Field.int("version", "The version to read; 0 is the current one.")
    static let versions = Field.commaInts("versions", "The numbers of the versions.", required: true)
    static let depth = Field.int("depth", "How many levels of names to show; 0 is all of them.")
    static let maxVersions = Field.int(
      "max_versions", "How many versions to keep; 0 leaves it to the mount, or to the default of 10.")
    static let casRequired = Field.bool("cas_required", "Whether each write must name the current version.")
    static let mountDeleteVersionAfter = Field.signedDuration(
      "delete_version_after",
      "How long a version lives; 0 is for ever, a negative length switches this off for all keys.")
    static let deleteVersionAfter = Field.duration(
      "delete_version_after", "How long a version lives; 0 leaves it to the mount.")
    static let customMetadata = Field.object("custom_metadata", "Texts by name that describe the secret: at most 64.")
    static let excludeDeleted = Field.bool(
      "exclude_deleted", "Leave out keys whose current version has a time of deletion.")
  }

  private static func upgradeFirst(_ handler: @escaping Route<VersionedSecrets>.Handler)
    -> Route<VersionedSecrets>.Handler
  {
    { engine, call in
      try engine.finishUpgrade()
      return try handler(engine, call)
    }
  }

  static let routes: [Route<VersionedSecrets>] = [
    Route(
      "config",
      fields: [
        Fields.maxVersions.description, Fields.casRequired.description, Fields.mountDeleteVersionAfter.description,
      ],
      summary: "Settings for all keys of this mount",
      help: "A write changes the settings that it names. What a key says of itself is combined with what stands here.",
      [
        .read: upgradeFirst { engine, _ in try engine.readConfiguration() },
        .update: upgradeFirst { engine, call in try engine.writeConfiguration(call) },
        .list: { _, call in wrongPath(call) },
      ]),
    Route("data", traits: [.hidden, .freeFields], summary: "The folder of all secrets", rootHandlers),
    Route(
      "data/{path...}", traits: .pureReads,
      fields: [
        Fields.path.description, Fields.data.description, Fields.options.description, Fields.version.description,
      ],
      summary: "Read, write, patch and delete secrets",
      help: """
        Each write makes a new version. With options {"cas": N} it is done only if N is the number of the current \
        version, 0 meaning that there is none. A patch (application/merge-patch+json) changes only what it names. \
        Deleting marks the current version as deleted; it can be brought back.
        """,
      exists: { engine, call in try engine.exists(key(call)) },
      [
        .read: upgradeFirst { engine, call in try engine.readData(call) },
        .update: upgradeFirst { engine, call in try engine.writeData(call) },
        .patch: upgradeFirst { engine, call in try engine.patchData(call) },
        .delete: upgradeFirst { engine, call in try engine.deleteCurrent(call) },
        .list: { _, call in wrongPath(call) },
      ]),
    Route("delete", traits: [.hidden, .freeFields], summary: "The folder of all secrets", rootHandlers),
    Route(
      "delete/{path...}", fields: [Fields.path.description, Fields.versions.description],
      summary: "Delete versions of a secret",
      help: "Marks versions as deleted. They can be brought back with undelete.",
      [
        .update: upgradeFirst { engine, call in try engine.deleteVersions(call) },
        .list: { _, call in wrongPath(call) },
      ]),
    Route("undelete", traits: [.hidden, .freeFields], summary: "The folder of all secrets", rootHandlers),
    Route(
      "undelete/{path...}", fields: [Fields.path.description, Fields.versions.description],
      summary: "Bring deleted versions of a secret back",
      help: "Versions that were destroyed or trimmed stay away.",
      [
        .update: upgradeFirst { engine, call in try engine.undeleteVersions(call) },
        .list: { _, call in wrongPath(call) },
      ]),
    Route("destroy", traits: [.hidden, .freeFields], summary: "The folder of all secrets", rootHandlers),
    Route(
      "destroy/{path...}", fields: [Fields.path.description, Fields.versions.description],
      summary: "Remove the values of versions for good",
      help: "What the metadata says of the versions stays; their values are gone.",
      [
        .update: upgradeFirst { engine, call in try engine.destroyVersions(call) },
        .list: { _, call in wrongPath(call) },
      ]),
    Route(
      "metadata", traits: [.hidden, .freeFields, .pureReads], fields: listFields, summary: "The folder of all secrets",
      rootHandlers.merging([.list: upgradeFirst { engine, call in try engine.listKeys(call) }]) { $1 }),
    Route(
      "metadata/{path...?}", traits: .pureReads,
      fields: [
        Fields.path.description, Fields.maxVersions.description, Fields.casRequired.description,
        Fields.deleteVersionAfter.description, Fields.customMetadata.description,
      ] + listFields,
      summary: "Settings and history of a secret; lists of secrets",
      help: """
        A write changes the settings that it names, and makes the key if it is not there. Deleting removes the key \
        with all its versions. A list has the keys of a folder, and its folders with a slash at their end.
        """,
      exists: { engine, call in try engine.exists(trimmedKey(call)) },
      [
        .read: upgradeFirst { engine, call in try engine.readMetadata(call) },
        .update: upgradeFirst { engine, call in try engine.writeMetadata(call) },
        .patch: upgradeFirst { engine, call in try engine.patchMetadata(call) },
        .delete: upgradeFirst { engine, call in try engine.deleteMetadata(call) },
        .list: upgradeFirst { engine, call in try engine.listKeys(call) },
      ]),
    Route(
      "subkeys", traits: [.hidden, .freeFields], summary: "No endpoint", handlers { _, call in try noEndpoint(call) }),
    Route(
      "subkeys/{path...?}", traits: .pureReads,
      fields: [Fields.path.description, Fields.version.description, Fields.depth.description],
      summary: "The names inside a secret, without its values",
      help: "Shows which members a value has, with null in place of each value.",
      [.read: upgradeFirst { engine, call in try engine.readSubkeys(call) }]),
    Route(
      "{path...?}", traits: [.hidden, .freeFields], summary: "No endpoint", handlers { _, call in try noEndpoint(call) }
    ),
  ]

  private static let listFields = [
    Fields.excludeDeleted.description, ListFields.after.description, ListFields.limit.description,
  ]

  private static let rootHandlers = handlers { _, call in
    // With its slash the folder is a list's path; a list is to be had from the metadata only.
    call.operation == .list ? wrongPath(call) : rootReply
  }
}
