/// What a request wants to do with its path.
package enum AccessOperation: String, Sendable, CaseIterable {
  case read, list, create, update, patch, delete, help
}

/// What a rule grants. `deny` stands alone.
struct CapabilitySet: OptionSet, Hashable, Sendable {
  let rawValue: UInt16

  static let create = CapabilitySet(rawValue: 1 << 0)
  static let read = CapabilitySet(rawValue: 1 << 1)
  static let update = CapabilitySet(rawValue: 1 << 2)
  static let delete = CapabilitySet(rawValue: 1 << 3)
  static let list = CapabilitySet(rawValue: 1 << 4)
  static let sudo = CapabilitySet(rawValue: 1 << 5)
  static let patch = CapabilitySet(rawValue: 1 << 6)
  static let subscribe = CapabilitySet(rawValue: 1 << 7)
  static let recover = CapabilitySet(rawValue: 1 << 8)
  static let deny = CapabilitySet(rawValue: 1 << 9)

  /// In alphabetical order, in which the API lists them.
  static let names: [(name: String, capability: CapabilitySet)] = [
    ("create", .create), ("delete", .delete), ("deny", .deny), ("list", .list), ("patch", .patch), ("read", .read),
    ("recover", .recover), ("subscribe", .subscribe), ("sudo", .sudo), ("update", .update),
  ]

  static func named(_ name: String) -> CapabilitySet? { names.first { $0.name == name }?.capability }

  /// The old one-word form of a stanza.
  static func legacy(_ word: String) -> CapabilitySet? {
    switch word {
    case "deny": .deny
    case "read": [.read, .list]
    case "write": [.create, .read, .update, .delete, .list]
    case "sudo": [.create, .read, .update, .delete, .list, .sudo]
    default: nil
    }
  }

  init(rawValue: UInt16) { self.rawValue = rawValue }

  /// What an operation needs; nothing for help.
  init(_ operation: AccessOperation) {
    switch operation {
    case .read: self = .read
    case .list: self = .list
    case .create: self = .create
    case .update: self = .update
    case .patch: self = .patch
    case .delete: self = .delete
    case .help: self = []
    }
  }

  /// Sorted; `["deny"]` where nothing is granted.
  var sortedNames: [String] {
    if isEmpty || contains(.deny) { return ["deny"] }
    return Self.names.filter { contains($0.capability) }.map(\.name)
  }

  /// The order of sys/internal/ui/resultant-acl: patch comes last.
  var resultantNames: [String] {
    let names = sortedNames
    return names.contains("patch") ? names.filter { $0 != "patch" } + ["patch"] : names
  }

  var grantsAnything: Bool { !isEmpty && !contains(.deny) }
}
