internal import AccessPolicy
internal import EngineAPI
package import Primitives
package import SecretMemory
import StorageAPI

/// Named rules for generated passwords.
package struct PasswordPolicies: Sendable {
  private let store: any LogicalStore

  init(store: any LogicalStore) { self.store = store }

  package func text(_ name: String) throws -> String? {
    try store.get(StoragePaths.passwordPolicies + name).map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  /// A password by the policy of that name.
  /// - Throws: `EngineError` where there is none, or it cannot be satisfied.
  package func generate(_ name: String, random: RandomSource) throws -> SecretBytes {
    guard let text = try text(name) else {
      throw EngineError.invalid("unable to generate password: password policy \"\(name)\" does not exist")
    }
    do { return SecretBytes(copying: try PasswordPolicy(text: text).generate(random).utf8) } catch {
      throw EngineError.invalid("unable to generate password: \(error)")
    }
  }

  package func names() throws -> [String] {
    try store.names(below: StoragePaths.passwordPolicies)
  }

  package func put(_ name: String, text: String) throws {
    var batch = WriteBatch()
    batch.put(StoragePaths.passwordPolicies + name, Array(text.utf8))
    _ = try store.commit(batch)
  }

  package func delete(_ name: String) throws {
    var batch = WriteBatch()
    batch.delete(StoragePaths.passwordPolicies + name)
    _ = try store.commit(batch)
  }
}
