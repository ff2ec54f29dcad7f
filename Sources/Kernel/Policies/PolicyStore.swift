package import AccessPolicy
internal import JSONText
internal import Primitives
package import StorageAPI

/// Named policies in storage, and the compiled sets that tokens are judged by.
package final class PolicyStore: Sendable {
  private struct Cache {
    /// Grows with each change, so that a set compiled from older texts is not kept.
    var generation: UInt64 = 0
    var compiled: [String: CompiledACL] = [:]
    var policies: [String: Policy?] = [:]
  }

  /// Names that are neither listed, assigned nor changed.
  package static let immutable: Set<String> = ["root", "response-wrapping", "control-group"]

  private static let cachedSets = 10_000
  private let store: any LogicalStore
  private let cache = Locked(Cache())

  package init(store: any LogicalStore) { self.store = store }

  /// Stores the default policy where there is none; an edited one stays.
  func prepare() throws {
    for (name, text) in [
      ("default", BuiltinPolicies.default), ("response-wrapping", BuiltinPolicies.responseWrapping),
      ("control-group", BuiltinPolicies.controlGroup),
    ] where try store.get(StoragePaths.policies + name) == nil {
      var batch = WriteBatch()
      batch.put(StoragePaths.policies + name, Array(text.utf8))
      _ = try store.commit(batch)
    }
  }

  package func policy(_ name: String) throws -> Policy? {
    if let known = cache.withLock({ $0.policies[name] }) { return known }
    let generation = cache.withLock { $0.generation }
    var policy: Policy?
    if let stored = try store.get(StoragePaths.policies + name) {
      do { policy = try Policy(name: name, text: String(decoding: stored.bytes, as: UTF8.self)) } catch {
        throw StoreError.damaged("a stored policy cannot be read; write it again")
      }
    }
    cache.withLock { cache in
      guard cache.generation == generation else { return }
      if cache.policies.count >= Self.cachedSets { cache.policies = [:] }
      cache.policies[name] = .some(policy)
    }
    return policy
  }

  /// The names of all policies but the built-in ones that nobody assigns, sorted.
  package func names() throws -> [String] {
    try store.names(below: StoragePaths.policies).filter { !Self.immutable.contains($0) }
  }

  package func exists(_ name: String) throws -> Bool { try name == "root" || policy(name) != nil }

  package func put(_ policy: Policy) throws {
    var batch = WriteBatch()
    batch.put(StoragePaths.policies + policy.name, Array(policy.text.utf8))
    _ = try store.commit(batch)
    forget()
  }

  package func delete(_ name: String) throws {
    var batch = WriteBatch()
    batch.delete(StoragePaths.policies + name)
    _ = try store.commit(batch)
    forget()
  }

  /// How often policies have been changed since the node was unsealed.
  package var generation: UInt64 { cache.withLock { $0.generation } }

  private func forget() {
    cache.withLock { cache in
      cache.generation += 1
      cache.compiled = [:]
      cache.policies = [:]
    }
  }

  /// Whose templates are filled in, and the state of identities that they are filled from.
  struct Subject {
    let id: String
    /// Grows with every change of any identity, so that a set made before it is not used after.
    let generation: UInt64
    let fields: () -> TemplateSubject?
  }

  /// The rules of all named policies together. Names without a policy grant nothing.
  func acl(_ names: [String], for subject: Subject? = nil) throws -> CompiledACL {
    var key = names.joined(separator: "\0")
    if let subject { key += "\0\0\(subject.id)\0\(subject.generation)" }
    if let known = cache.withLock({ $0.compiled[key] }) { return known }
    let generation = cache.withLock { $0.generation }
    let compiled = CompiledACL(try names.compactMap { try policy($0) }, subject: subject?.fields())
    cache.withLock { cache in
      guard cache.generation == generation else { return }
      if cache.compiled.count >= Self.cachedSets { cache.compiled = [:] }
      cache.compiled[key] = compiled
    }
    return compiled
  }
}
