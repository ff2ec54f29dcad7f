/// Whom a token stands for, as far as templates in policy paths can speak of it.
package struct TemplateSubject: Sendable, Equatable {
  package struct Alias: Sendable, Equatable {
    package var mountAccessor: String
    package var id: String
    package var name: String
    package var metadata: [String: String]
    package var customMetadata: [String: String]

    package init(
      mountAccessor: String, id: String, name: String, metadata: [String: String] = [:],
      customMetadata: [String: String] = [:]
    ) {
      self.mountAccessor = mountAccessor
      self.id = id
      self.name = name
      self.metadata = metadata
      self.customMetadata = customMetadata
    }
  }

  package struct Group: Sendable, Equatable {
    package var id: String
    package var name: String
    package var metadata: [String: String]

    package init(id: String, name: String, metadata: [String: String] = [:]) {
      self.id = id
      self.name = name
      self.metadata = metadata
    }
  }

  package var entityID: String
  package var entityName: String
  package var metadata: [String: String]
  package var aliases: [Alias]
  /// Every group that the entity belongs to, directly or through other groups.
  package var groups: [Group]

  package init(
    entityID: String, entityName: String, metadata: [String: String] = [:], aliases: [Alias] = [], groups: [Group] = []
  ) {
    self.entityID = entityID
    self.entityName = entityName
    self.metadata = metadata
    self.aliases = aliases
    self.groups = groups
  }

  /// What a selector such as `identity.entity.name` stands for; nil where it means nothing or has no value here.
  package func value(of selector: String) -> String? {
    if let rest = selector.after("identity.entity.") { return entityValue(rest) }
    if let rest = selector.after("identity.groups.ids.") {
      let (id, member) = rest.cut()
      return groups.first { $0.id == id }.flatMap { groupValue($0, member) }
    }
    if let rest = selector.after("identity.groups.names.") {
      let (name, member) = rest.cut()
      return groups.first { $0.name == name }.flatMap { groupValue($0, member) }
    }
    return nil
  }

  private func entityValue(_ member: Substring) -> String? {
    if member == "id" { return entityID }
    if member == "name" { return entityName }
    if let key = member.after("metadata.") { return metadata[String(key)] }
    guard let rest = member.after("aliases.") else { return nil }
    let (accessor, aliasMember) = rest.cut()
    guard let alias = aliases.first(where: { $0.mountAccessor == accessor }) else { return nil }
    if aliasMember == "id" { return alias.id }
    if aliasMember == "name" { return alias.name }
    if let key = aliasMember.after("metadata.") { return alias.metadata[String(key)] }
    if let key = aliasMember.after("custom_metadata.") { return alias.customMetadata[String(key)] }
    return nil
  }

  private func groupValue(_ group: Group, _ member: Substring) -> String? {
    if member == "id" { return group.id }
    if member == "name" { return group.name }
    return member.after("metadata.").flatMap { group.metadata[String($0)] }
  }
}

extension StringProtocol where SubSequence == Substring {
  fileprivate func after(_ prefix: String) -> Substring? {
    hasPrefix(prefix) ? self[index(startIndex, offsetBy: prefix.count)...] : nil
  }
}

extension Substring {
  /// What stands before and behind the first dot.
  fileprivate func cut() -> (Substring, Substring) {
    guard let dot = firstIndex(of: ".") else { return (self, "") }
    return (self[..<dot], self[index(after: dot)...])
  }
}
