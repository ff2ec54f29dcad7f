internal import EngineAPI
internal import Identity
internal import JSONText
internal import Kernel
internal import Primitives

/// Entities, groups and aliases as the API shows them.
struct IdentityAnswers {
  let store: IdentityStore
  let mounts: MountTable

  static func texts(_ map: [String: String]?) -> JSONValue {
    guard let map else { return .null }
    return .object(JSONObject(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
  }

  func alias(_ alias: Alias, withNamespace: Bool = false) -> JSONObject {
    let mount = mounts.mount(accessor: alias.mountAccessor)?.entry
    var object: JSONObject = [
      "canonical_id": .string(alias.canonicalID), "creation_time": .string(alias.created.rfc3339),
      "custom_metadata": Self.texts(alias.customMetadata), "id": .string(alias.id),
      "last_update_time": .string(alias.updated.rfc3339), "local": .bool(alias.local),
      "merged_from_canonical_ids": alias.mergedFrom.map { .strings($0) } ?? .null,
      "metadata": Self.texts(alias.metadata), "mount_accessor": .string(alias.mountAccessor),
      "mount_path": .string(mount?.requestPath ?? ""), "mount_type": .string(mount?.type ?? ""),
      "name": .string(alias.name),
    ]
    if withNamespace { object["namespace_id"] = "root" }
    return object
  }

  /// An alias that stands in the way of a merge.
  func clash(_ alias: Alias, of entity: Entity) -> JSONObject {
    let mount = mounts.mount(accessor: alias.mountAccessor)?.entry
    return [
      "alias": .string(alias.name), "entity": .string(entity.name), "entity_id": .string(entity.id),
      "mount": .string(mount?.type ?? ""), "mount_path": .string(mount?.requestPath ?? ""),
    ]
  }

  func entity(_ entity: Entity) -> JSONObject {
    let direct = store.directGroupIDs(of: entity.id)
    let inherited = store.inheritedGroupIDs(of: entity.id)
    return [
      "aliases": .array(entity.aliases.map { .object(alias($0)) }), "creation_time": .string(entity.created.rfc3339),
      "direct_group_ids": .strings(direct), "disabled": .bool(entity.isDisabled),
      "group_ids": .strings(direct + inherited), "id": .string(entity.id), "inherited_group_ids": .strings(inherited),
      "last_update_time": .string(entity.updated.rfc3339),
      "merged_entity_ids": entity.mergedIDs.map { .strings($0) } ?? .null, "metadata": Self.texts(entity.metadata),
      "name": .string(entity.name), "namespace_id": "root", "policies": .strings(entity.policies),
    ]
  }

  func group(_ group: Group) -> JSONObject {
    func list(_ values: [String]) -> JSONValue { values.isEmpty ? .null : .strings(values) }
    return [
      "alias": .object(group.alias.map { alias($0) } ?? [:]), "creation_time": .string(group.created.rfc3339),
      "id": .string(group.id), "last_update_time": .string(group.updated.rfc3339),
      "member_entity_ids": .strings(group.memberEntityIDs), "member_group_ids": list(group.memberGroupIDs),
      "metadata": Self.texts(group.metadata), "modify_index": .int(group.modifyIndex), "name": .string(group.name),
      "namespace_id": "root", "parent_group_ids": list(store.parentIDs(of: group.id)),
      "policies": .strings(group.policies), "type": .string(group.kind.rawValue),
    ]
  }

  /// What a list says of one alias beside its id.
  func brief(_ alias: Alias) -> JSONObject {
    let mount = mounts.mount(accessor: alias.mountAccessor)?.entry
    return [
      "id": .string(alias.id), "mount_accessor": .string(alias.mountAccessor),
      "mount_path": .string(mount?.requestPath ?? ""), "mount_type": .string(mount?.type ?? ""),
      "name": .string(alias.name),
    ]
  }
}

extension Call {
  var answers: IdentityAnswers {
    get throws {
      let (store, mounts) = try identity
      return IdentityAnswers(store: store, mounts: mounts)
    }
  }
}
