package import StorageAPI

/// Why a barrier was not set up or opened. Texts carry no keys and no values.
package enum BarrierError: Error, Sendable, Equatable {
  /// The root key is not the one that the keyring is sealed with.
  case wrongKey
  /// There is no keyring in the store.
  case notInitialized
  /// There is a keyring in the store already.
  case alreadyInitialized
  /// The key is right, the keyring is not.
  case damaged(String)
  case store(StoreError)
}
