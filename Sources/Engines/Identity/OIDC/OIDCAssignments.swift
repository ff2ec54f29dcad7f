internal import EngineAPI
internal import Identity
internal import JSONText

/// Who may come in through a client.
struct OIDCAssignment: OIDCRecord {
  static let folder = "assignment/"
  static let allowAll = "allow_all"
  static let builtin = [
    allowAll: OIDCAssignment(entityIDs: [OIDCAccess.everybody], groupIDs: [OIDCAccess.everybody])
  ]

  var entityIDs: [String] = []
  var groupIDs: [String] = []

  init(entityIDs: [String] = [], groupIDs: [String] = []) {
    self.entityIDs = entityIDs
    self.groupIDs = groupIDs
  }

  var record: JSONObject { ["entities": .strings(entityIDs), "groups": .strings(groupIDs)] }

  init?(record: JSONObject) {
    entityIDs = OIDCAccess.texts(record["entities"])
    groupIDs = OIDCAccess.texts(record["groups"])
  }

  /// - Parameter groups: the ids of every group that the entity is in, directly or through other groups.
  func includes(entityID: String, groups: [String]) -> Bool {
    OIDCAccess.allows(entityIDs, entityID) || groups.contains { OIDCAccess.allows(groupIDs, $0) }
  }
}

private enum Fields {
  static let name = Field.string("name", "The name of the assignment.")
  static let entities = Field.commaStrings("entity_ids", "The ids of entities.")
  static let groups = Field.commaStrings("group_ids", "The ids of groups.")
}

extension IdentityEngine {
  static let oidcAssignmentRoutes: [Route<IdentityEngine>] = [
    Route(
      "oidc/assignment/", summary: "The names of all assignments",
      [.list: { engine, _ in .keys(try engine.oidc.names(OIDCAssignment.self)) }]),
    Route(
      "oidc/assignment/{name}",
      fields: [Fields.name.description, Fields.entities.description, Fields.groups.description],
      summary: "Who may come in through a client",
      [
        .read: { engine, call in
          guard let assignment = try engine.oidc.read(OIDCAssignment.self, call.capture("name")) else { return .none }
          return .data(["entity_ids": .strings(assignment.entityIDs), "group_ids": .strings(assignment.groupIDs)])
        }, .update: { try $0.writeAssignment($1) }, .delete: { try $0.deleteAssignment($1) },
      ]),
  ]

  private func writeAssignment(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    if name == OIDCAssignment.allowAll {
      throw EngineError.invalid("modification of assignment \"\(name)\" not allowed")
    }
    let entities = try call[Fields.entities].map(OIDCAccess.unique)
    let groups = try call[Fields.groups].map(OIDCAccess.unique)
    return try oidc.change { changes in
      var assignment = try oidc.read(OIDCAssignment.self, name) ?? OIDCAssignment()
      if let entities { assignment.entityIDs = entities }
      if let groups { assignment.groupIDs = groups }
      changes.put(name, assignment)
      return .none
    }
  }

  private func deleteAssignment(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    if name == OIDCAssignment.allowAll {
      throw EngineError.invalid("deletion of assignment \"\(name)\" not allowed")
    }
    return try oidc.change { changes in
      let clients = try oidc.all(OIDCClient.self).filter { $0.value.assignments.contains(name) }.map(\.name)
      if !clients.isEmpty { throw Self.referenced("assignment", name, by: "clients", clients) }
      changes.delete(OIDCAssignment.self, name)
      return .none
    }
  }

  /// True where one of the client's assignments includes the entity.
  func isAssigned(_ entity: Entity, to client: OIDCClient, _ identity: IdentityStore) throws -> Bool {
    let groups = identity.groups(of: entity.id).map(\.id)
    for name in client.assignments {
      if let assignment = try oidc.read(OIDCAssignment.self, name),
        assignment.includes(entityID: entity.id, groups: groups)
      {
        return true
      }
    }
    return false
  }
}
