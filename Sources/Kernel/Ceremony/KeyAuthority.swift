import EngineAPI
internal import SealAPI
import SecretMemory
internal import StorageAPI

/// Who may change keys and make root tokens: those who hold enough shares of the unseal key or, where the seal answers on its
/// own, of the recovery key.
struct KeyAuthority {
  let node: Node
  let state: ActiveState
  let configuration: SealConfiguration
  /// The commit that wrote the configuration.
  let configurationIndex: CommitIndex

  init(node: Node, state: ActiveState) throws {
    guard let stored = try node.composition.store.get(StoragePaths.sealConfiguration) else {
      throw EngineError.invalid("Vault is not initialized")
    }
    self.node = node
    self.state = state
    configuration = try SealConfiguration(bytes: stored.bytes)
    configurationIndex = stored.index
  }

  /// - Throws: 400 where the seal answers on its own and nobody holds a recovery key.
  var shares: ShareConfiguration {
    get throws(EngineError) {
      guard node.composition.seal.isAutomatic else { return configuration.unseal }
      guard let recovery = configuration.recovery, recovery.threshold > 0 else {
        throw .invalid("this node was initialized without a recovery key, which this operation needs")
      }
      return recovery
    }
  }

  /// Whether the shares make the key.
  func admits(_ given: [SecretBytes]) throws -> Bool {
    guard let key = try? Shares.combine(given) else { return false }
    switch node.composition.seal {
    case .shares(_, let makeSeal):
      return (try? makeSeal(key).unwrap(configuration.rootKey)) != nil
    case .automatic:
      guard let stored = try state.barrier.get(StoragePaths.recoveryKey) else { return false }
      return SecretBytes(copying: stored.bytes) == key
    }
  }
}
