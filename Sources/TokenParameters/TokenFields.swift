package import EngineAPI
internal import JSONText
package import Primitives

/// The fields by which token parameters are written. Methods list `TokenFields.all` beside their own.
package enum TokenFields {
  package static let policies = Field.commaStrings("token_policies", "The policies of the tokens.")
  package static let ttl = Field.duration("token_ttl", "How long tokens live; 0 leaves it to the mount.")
  package static let maxTTL = Field.duration("token_max_ttl", "How long renewals can go on; 0 leaves it to the mount.")
  package static let explicitMaxTTL = Field.duration(
    "token_explicit_max_ttl", "The end that no renewal, period or mount setting can put off.")
  package static let period = Field.duration(
    "token_period", "If set, tokens are periodic: each renewal gives them this long.")
  package static let numberOfUses = Field.int("token_num_uses", "How many requests a token is good for; 0 is no limit.")
  package static let noDefaultPolicy = Field.bool("token_no_default_policy", "Leave out the policy \"default\".")
  package static let boundCIDRs = Field.commaStrings(
    "token_bound_cidrs", "The addresses and blocks from which logins are taken and tokens can be used.")
  package static let kind = Field.string(
    "token_type", "The kind of token: service, batch, or default, which is what the mount says.")
  package static let aliasMetadata = Field.keyValues(
    "alias_metadata", "Texts by name, kept with the entity's alias, for templates of policies.")

  package static let all = [
    policies.description, ttl.description, maxTTL.description, explicitMaxTTL.description, period.description,
    numberOfUses.description, noDefaultPolicy.description, boundCIDRs.description, kind.description,
    aliasMetadata.description,
  ]

  package static let oldPolicies = Field.commaStrings("policies", "Use token_policies.", deprecated: true)
  package static let oldTTL = Field.duration("ttl", "Use token_ttl.", deprecated: true)
  package static let oldMaxTTL = Field.duration("max_ttl", "Use token_max_ttl.", deprecated: true)
  package static let oldPeriod = Field.duration("period", "Use token_period.", deprecated: true)
  package static let oldNumberOfUses = Field.int("num_uses", "Use token_num_uses.", deprecated: true)
  package static let oldBoundCIDRs = Field.commaStrings("bound_cidrs", "Use token_bound_cidrs.", deprecated: true)

  /// The fields of those old names that a method still takes.
  package static func old(_ names: TokenParameters.OldNames) -> [FieldDescription] {
    let known: [(TokenParameters.OldNames, FieldDescription)] = [
      (.policies, oldPolicies.description), (.ttl, oldTTL.description), (.maxTTL, oldMaxTTL.description),
      (.period, oldPeriod.description), (.numberOfUses, oldNumberOfUses.description),
      (.boundCIDRs, oldBoundCIDRs.description),
    ]
    return known.filter { names.contains($0.0) }.map(\.1)
  }
}

extension TokenParameters {
  /// Takes over what the request names and checks the whole.
  ///
  /// - Parameter known: the old names that this endpoint takes.
  /// - Throws: 400 with a text for the first thing that cannot be.
  /// - Parameter adjusting: takes the kinds of mounts' settings for the plain ones instead of refusing them.
  package mutating func update(
    from call: Call, taking known: OldNames = [], adjusting: Bool = false
  ) throws(EngineError) {
    if let texts = try value(call, TokenFields.boundCIDRs, TokenFields.oldBoundCIDRs, .boundCIDRs, known) {
      boundCIDRs = try Self.blocks(texts)
    }
    if let value = try call[TokenFields.explicitMaxTTL] { explicitMaxTTL = value }
    if let value = try value(call, TokenFields.maxTTL, TokenFields.oldMaxTTL, .maxTTL, known) { maxTTL = value }
    if let value = try call[TokenFields.noDefaultPolicy] { noDefaultPolicy = value }
    if let value = try value(call, TokenFields.period, TokenFields.oldPeriod, .period, known) { period = value }
    if let value = try value(call, TokenFields.policies, TokenFields.oldPolicies, .policies, known) {
      policies = call.has(TokenFields.policies) ? value.filter { !$0.isEmpty } : Self.sanitized(value)
    }
    if let text = try call[TokenFields.kind] { kind = try Self.kind(text, adjusting: adjusting) }
    if let value = try value(call, TokenFields.ttl, TokenFields.oldTTL, .ttl, known) { ttl = value }
    if let value = try value(
      call, TokenFields.numberOfUses, TokenFields.oldNumberOfUses, .numberOfUses, known)
    {
      numberOfUses = value
    }
    // Whoever writes the rest without it takes it away.
    aliasMetadata = try call[TokenFields.aliasMetadata] ?? [:]
    try check()
  }

  private static func kind(_ text: String, adjusting: Bool) throws(EngineError) -> Kind {
    if adjusting, let meant = adjusted(text) { return meant }
    switch text {
    case "", "default": return .standard
    case "service": return .service
    case "batch": return .batch
    default: throw .invalid("invalid 'token_type' value \"\(text)\"")
    }
  }

  /// The plain kind of one that only mounts' settings have; nil for any other.
  package static func adjusted(_ kind: String) -> Kind? {
    switch kind {
    case "default-service": .service
    case "default-batch": .batch
    default: nil
    }
  }

  /// Names of policies without case, blanks and repetition, in order; `root` leaves no other beside it.
  package static func sanitized(_ names: [String]) -> [String] {
    let plain = Set(names.map { $0.lowercased() }).subtracting([""])
    return plain.contains("root") ? ["root"] : plain.sorted()
  }

  /// Takes over what the request says by this name or its old one, and remembers by which.
  package mutating func value<Value>(
    _ call: Call, _ field: Field<Value>, _ old: Field<Value>, _ oldName: OldNames, _ known: OldNames
  ) throws(EngineError) -> Value? {
    let hasOld = known.contains(oldName) && call.has(old)
    if let value = try call[field] {
      if hasOld { oldNames.insert(oldName) } else { oldNames.remove(oldName) }
      return value
    }
    guard hasOld else { return nil }
    oldNames.insert(oldName)
    return try call[old]
  }

  /// What is wrong with the parameters as a whole, if anything.
  package func check() throws(EngineError) {
    if kind == .batch || kind == .defaultBatch {
      if period > .zero {
        throw .invalid("'token_type' cannot be 'batch' or 'default_batch' when set to generate periodic tokens")
      }
      if numberOfUses > 0 {
        throw .invalid(
          "'token_type' cannot be 'batch' or 'default_batch' when set to generate tokens with limited use count")
      }
    }
    if maxTTL > .zero, ttl > maxTTL { throw .invalid("'token_ttl' cannot be greater than 'token_max_ttl'") }
    if numberOfUses < 0 { throw .invalid("'token_num_uses' cannot be negative") }
  }

  /// Reads addresses and blocks; 400 for one that is none.
  package static func blocks(_ texts: [String]) throws(EngineError) -> [AddressBlock] {
    var blocks: [AddressBlock] = []
    for text in texts where !text.isEmpty {
      guard let block = AddressBlock(text) else {
        throw .invalid("Unable to convert \"\(text)\" to an IPv4 or IPv6 address, or a UNIX Socket")
      }
      blocks.append(block)
    }
    return blocks
  }
}
