internal import EngineAPI
internal import JSONText
internal import TokenParameters

extension AppRoleMethod {
  private static let roleFields =
    [
      Fields.roleName.description, Fields.bindSecretID.description, Fields.secretIDBlocks.description,
      Fields.oldSecretIDBlocks.description, Fields.secretIDUses.description, Fields.secretIDTTL.description,
      Fields.roleID.description, Fields.localSecretIDs.description,
    ] + TokenFields.all + TokenFields.old(Fields.oldNames)

  private static let draftFields = [
    Fields.roleName.description, Fields.metadata.description, Fields.cidrList.description,
    Fields.tokenBlocks.description, Fields.uses.description, Fields.ttl.description,
  ]
  private static let pageFields = [Fields.after.description, Fields.limit.description]

  static let routes: [Route<AppRoleMethod>] =
    [
      Route(
        "login", traits: [.login, .prompt], fields: [Fields.roleID.description, Fields.secretID.description],
        summary: "Log in with a role's id and one of its SecretIDs",
        loginName: { engine, call in try engine.roleOfLogin(call).roleID },
        loginRole: { engine, call in try engine.roleOfLogin(call).name },
        [.update: { engine, call in try engine.login(call) }]),
      Route(
        "role/", fields: pageFields, summary: "List the roles",
        [.list: { engine, call in try engine.listRoles(call) }]),
      Route(
        "role/{role_name}", fields: roleFields, summary: "Read, write and delete a role",
        help: "A write changes what it names. Deleting a role deletes its SecretIDs.",
        exists: { engine, call in try engine.role(named: name(call)) != nil },
        [
          .read: { engine, call in try engine.readRole(call) },
          .update: { engine, call in try engine.writeRole(call) },
          .delete: { engine, call in try engine.deleteRole(call) },
        ]),
      Route(
        "role/{role_name}/role-id", fields: [Fields.roleName.description, Fields.roleID.description],
        summary: "Read or set a role's id",
        [
          .read: { engine, call in
            guard let role = try engine.role(named: name(call)) else { return .none }
            return .data(["role_id": .string(role.roleID)])
          },
          .update: { engine, call in
            let roleID = try Fields.required(call, Fields.roleID)
            return try engine.change(call) { $0.roleID = roleID }
          },
        ]),
      Route(
        "role/{role_name}/local-secret-ids", fields: [Fields.roleName.description],
        summary: "Whether SecretIDs stay in this cluster",
        [
          .read: { engine, call in
            guard let role = try engine.role(named: name(call)) else { return .none }
            return .data(["local_secret_ids": .bool(role.hasLocalSecretIDs)])
          }
        ]),
    ] + RolePart.all.map(\.route) + [
      Route(
        "role/{role_name}/secret-id/", traits: .prompt, fields: draftFields + pageFields,
        summary: "Make a SecretID; list accessors",
        [
          .update: { engine, call in try engine.makeSecretID(call) },
          .list: { engine, call in try engine.listSecretIDs(call) },
        ]),
      Route(
        "role/{role_name}/custom-secret-id", fields: draftFields + [Fields.secretID.description],
        summary: "Register a SecretID of one's own choice",
        [.update: { engine, call in try engine.makeCustomSecretID(call) }]),
      Route(
        "role/{role_name}/secret-id/lookup", fields: [Fields.roleName.description, Fields.secretID.description],
        summary: "Show what is known of a SecretID",
        [.update: { engine, call in try engine.lookUpSecretID(call) }]),
      Route(
        "role/{role_name}/secret-id/destroy", fields: [Fields.roleName.description, Fields.secretID.description],
        summary: "Destroy a SecretID",
        [
          .update: { engine, call in try engine.destroySecretID(call) },
          .delete: { engine, call in try engine.destroySecretID(call) },
        ]),
      Route(
        "role/{role_name}/secret-id-accessor/lookup",
        fields: [Fields.roleName.description, Fields.accessor.description],
        summary: "Show what is known of the SecretID with an accessor",
        [.update: { engine, call in try engine.lookUpAccessor(call) }]),
      Route(
        "role/{role_name}/secret-id-accessor/destroy",
        fields: [Fields.roleName.description, Fields.accessor.description],
        summary: "Destroy the SecretID with an accessor",
        [
          .update: { engine, call in try engine.destroyAccessor(call) },
          .delete: { engine, call in try engine.destroyAccessor(call) },
        ]),
      Route(
        "tidy/secret-id", summary: "Sweep expired SecretIDs away",
        [.update: { engine, call in try engine.tidy(call) }]),
    ]
}
