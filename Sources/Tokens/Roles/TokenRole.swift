package import EngineAPI
internal import JSONText
package import Primitives

/// What tokens look like that are made by a role of that name.
package struct TokenRole: Sendable, Equatable {
  /// Which type of token is made: one that the role fixes, or one that the request may choose otherwise.
  package enum Kind: String, Sendable {
    case service, batch
    case defaultService = "default-service"
    case defaultBatch = "default-batch"

    package init?(api text: String) {
      switch text {
      case "", "default", "default-service": self = .defaultService
      default: self.init(rawValue: text)
      }
    }
  }

  /// A field and the name that it had before, which is shown as long as nobody used the new one.
  package struct Renamed<Value: Sendable & Equatable>: Sendable, Equatable {
    package var value: Value
    package var old: Value

    package init(_ value: Value) {
      self.value = value
      old = value
    }
  }

  package let name: String
  /// Lower case, sorted, without repetitions; so the other lists.
  package var allowedPolicies: [String] = []
  package var allowedPoliciesGlob: [String] = []
  package var disallowedPolicies: [String] = []
  package var disallowedPoliciesGlob: [String] = []
  /// Nil where none were ever given.
  package var allowedEntityAliases: [String]?
  package var orphan = false
  package var renewable = true
  package var pathSuffix = ""
  package var noDefaultPolicy = false
  package var kind = Kind.defaultService
  /// Zero for no limit of the role's own.
  package var numberOfUses: Int64 = 0
  package var period = Renamed(TimeSpan.zero)
  package var explicitMaxTTL = Renamed(TimeSpan.zero)
  package var boundCIDRs = Renamed([String]())

  package init(name: String) { self.name = name }

  /// True where lists of policies take the place of the rule that a token's policies are its parent's.
  var hasPolicyLists: Bool {
    ![allowedPolicies, allowedPoliciesGlob, disallowedPolicies, disallowedPoliciesGlob].allSatisfy(\.isEmpty)
  }

  /// The API path of its tokens.
  var tokenPath: String { "auth/token/create/" + name + (pathSuffix.isEmpty ? "" : "/" + pathSuffix) }

  /// What contradicts itself in the role.
  package func check() throws(EngineError) {
    guard kind == .batch else { return }
    let text = "'token_type' cannot be 'batch' when role is set to generate "
    if !orphan { throw .invalid(text + "non-orphan tokens") }
    if period.value > .zero { throw .invalid(text + "periodic tokens") }
    if renewable { throw .invalid(text + "renewable tokens") }
    if explicitMaxTTL.value > .zero { throw .invalid(text + "tokens with an explicit max TTL") }
  }

  package static func lowercased(_ names: [String]) -> [String] {
    Set(names.map(PolicyNames.normalized).filter { !$0.isEmpty }).sorted()
  }

  /// Letters, digits and `_`, at least three, with dashes between them.
  package static func isPathSuffix(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count >= 3, bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else { return false }
    return bytes.allSatisfy { c in
      switch c {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }

  package func allows(entityAlias: String) -> Bool {
    let name = PolicyNames.normalized(entityAlias)
    return (allowedEntityAliases ?? []).contains { Wildcard.matches($0, name) }
  }
}

/// Texts in which `*` stands for any characters.
enum Wildcard {
  static func matches(_ pattern: String, _ text: String) -> Bool {
    let parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
    guard parts.count > 1, let first = parts.first, let last = parts.last else { return pattern == text }
    var rest = Substring(text).utf8
    guard rest.starts(with: first) else { return false }
    rest = rest.dropFirst(first.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let end = end(of: Array(part), in: rest) else { return false }
      rest = rest[end...]
    }
    return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
  }

  private static func end(of part: [UInt8], in text: Substring.UTF8View) -> String.Index? {
    var rest = text
    while rest.count >= part.count {
      if rest.starts(with: part) { return rest.index(rest.startIndex, offsetBy: part.count) }
      rest = rest.dropFirst()
    }
    return nil
  }
}
