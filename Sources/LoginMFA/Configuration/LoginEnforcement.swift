internal import JSONText

/// Who logs in where, as far as rules about second factors ask for it.
package struct LoginSubject: Sendable, Equatable {
  package let mountAccessor: String
  package let mountType: String
  /// Empty for a login without an entity.
  package let entityID: String
  /// Every group of the entity, directly or through other groups.
  package let groupIDs: Set<String>

  package init(mountAccessor: String, mountType: String, entityID: String, groupIDs: Set<String>) {
    self.mountAccessor = mountAccessor
    self.mountType = mountType
    self.entityID = entityID
    self.groupIDs = groupIDs
  }
}

/// A rule that logins need a second factor: by any one of its methods.
package struct LoginEnforcement: Sendable, Equatable {
  package let id: String
  package let name: String
  package var methodIDs: [String] = []
  package var mountAccessors: [String] = []
  package var mountTypes: [String] = []
  package var groupIDs: [String] = []
  package var entityIDs: [String] = []

  package init(id: String, name: String) {
    self.id = id
    self.name = name
  }

  /// Each of the four lists is enough to bring a login under the rule.
  package func applies(to login: LoginSubject) -> Bool {
    mountAccessors.contains(login.mountAccessor) || mountTypes.contains(login.mountType)
      || (!login.entityID.isEmpty && entityIDs.contains(login.entityID))
      || groupIDs.contains { login.groupIDs.contains($0) }
  }

  /// False for a rule that no login can come under.
  package var hasSubjects: Bool {
    !mountAccessors.isEmpty || !mountTypes.isEmpty || !groupIDs.isEmpty || !entityIDs.isEmpty
  }
}

extension LoginEnforcement {
  var bytes: [UInt8] {
    JSONText(
      [
        "id": .string(id), "name": .string(name), "methods": .strings(methodIDs),
        "mount_accessors": .strings(mountAccessors), "mount_types": .strings(mountTypes),
        "groups": .strings(groupIDs), "entities": .strings(entityIDs),
      ] as JSONObject
    ).bytes
  }

  init?(bytes: [UInt8]) {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited), let id = record["id"]?.stringValue,
      let name = record["name"]?.stringValue
    else { return nil }
    func list(_ name: String) -> [String] { record[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
    self.init(id: id, name: name)
    methodIDs = list("methods")
    mountAccessors = list("mount_accessors")
    mountTypes = list("mount_types")
    groupIDs = list("groups")
    entityIDs = list("entities")
  }
}
