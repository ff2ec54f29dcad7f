package import AccessPolicy
package import JSONText
package import Primitives

/// What a placeholder in a template of claims stands for. What an entity does not have is an empty text, map or list.
package enum ClaimSelector: Sendable, Equatable {
  /// A text that policy templates know by the same name.
  case text(String)
  case entityMetadata
  case aliasMetadata(mountAccessor: String)
  case aliasCustomMetadata(mountAccessor: String)
  case groupIDs
  case groupNames
  /// Seconds since the epoch, so much later or earlier.
  case time(TimeSpan)

  /// Nil for a name that means nothing.
  package init?(_ name: String) {
    let name = Self.trimmed(name)
    switch name {
    case "identity.entity.id", "identity.entity.name": self = .text(name)
    case "identity.entity.metadata": self = .entityMetadata
    case "identity.entity.groups.ids": self = .groupIDs
    case "identity.entity.groups.names": self = .groupNames
    case "time.now": self = .time(.zero)
    default:
      if let selector = Self.time(name) ?? Self.alias(name) ?? Self.member(name) { self = selector } else { return nil }
    }
  }

  private static func trimmed(_ name: String) -> String {
    func isBlank(_ c: Character) -> Bool { c == " " || c == "\t" || c == "\n" || c == "\r" }
    var rest = name[...]
    while let first = rest.first, isBlank(first) { rest = rest.dropFirst() }
    while let last = rest.last, isBlank(last) { rest = rest.dropLast() }
    return String(rest)
  }

  private static func rest(_ name: String, after prefix: String) -> String? {
    guard name.hasPrefix(prefix), name.utf8.count > prefix.utf8.count else { return nil }
    return String(name.dropFirst(prefix.count))
  }

  private static func time(_ name: String) -> ClaimSelector? {
    if let text = rest(name, after: "time.now.plus."), let span = TimeSpan(api: text) { return .time(span) }
    if let text = rest(name, after: "time.now.minus."), let span = TimeSpan(api: text) {
      return .time(TimeSpan(nanoseconds: 0 &- span.nanoseconds))
    }
    return nil
  }

  private static func alias(_ name: String) -> ClaimSelector? {
    guard let rest = rest(name, after: "identity.entity.aliases.") else { return nil }
    let parts = rest.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, !parts[0].isEmpty else { return nil }
    switch (parts[1], parts.count) {
    case ("metadata", 2): return .aliasMetadata(mountAccessor: String(parts[0]))
    case ("custom_metadata", 2): return .aliasCustomMetadata(mountAccessor: String(parts[0]))
    case ("id", 2), ("name", 2): return .text(name)
    case ("metadata", 3) where !parts[2].isEmpty, ("custom_metadata", 3) where !parts[2].isEmpty: return .text(name)
    default: return nil
    }
  }

  private static func member(_ name: String) -> ClaimSelector? {
    if rest(name, after: "identity.entity.metadata.") != nil { return .text(name) }
    for prefix in ["identity.groups.ids.", "identity.groups.names."] {
      guard let rest = rest(name, after: prefix) else { continue }
      let parts = rest.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count >= 2, !parts[0].isEmpty else { return nil }
      switch (parts[1], parts.count) {
      case ("id", 2), ("name", 2): return .text(name)
      case ("metadata", 3) where !parts[2].isEmpty: return .text(name)
      default: return nil
      }
    }
    return nil
  }

  package func value(for subject: TemplateSubject, now: Timestamp) -> JSONValue {
    switch self {
    case .text(let name): .string(subject.value(of: name) ?? "")
    case .entityMetadata: Self.texts(subject.metadata)
    case .aliasMetadata(let accessor): Self.texts(Self.alias(of: subject, accessor)?.metadata ?? [:])
    case .aliasCustomMetadata(let accessor): Self.texts(Self.alias(of: subject, accessor)?.customMetadata ?? [:])
    case .groupIDs: .strings(subject.groups.map(\.id))
    case .groupNames: .strings(subject.groups.map(\.name))
    case .time(let offset): .int((now + offset).seconds)
    }
  }

  private static func alias(of subject: TemplateSubject, _ accessor: String) -> TemplateSubject.Alias? {
    subject.aliases.first { $0.mountAccessor == accessor }
  }

  private static func texts(_ map: [String: String]) -> JSONValue {
    .object(JSONObject(members: map.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: .string($0.value)) }))
  }
}
