internal import Barrier
internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SealAPI
internal import SecretMemory
internal import StorageAPI

extension Node {
  private static let sumsPurpose = "snapshot/sums"

  /// Everything that is stored as of now, as a file that is made while it is sent.
  package func snapshot(_ state: ActiveState) throws -> @Sendable (_ send: ([UInt8]) throws -> Void) throws -> Void {
    guard let status = composition.storageStatus?() else { throw EngineError.invalid("raft storage is not in use") }
    let snapshot = try composition.store.snapshot()
    let now = composition.clock.now()
    let measure = try SnapshotArchive.measure(snapshot)
    let meta = JSONText(
      [
        "Version": 1, "ID": .string("\(status.term)-\(snapshot.index)-\(now.nanoseconds / 1_000_000)"),
        "Index": .int(snapshot.index), "Term": .int(status.term), "Size": .int(measure.stateBytes),
        "Keys": .int(measure.keys), "Time": .string(now.rfc3339),
      ] as JSONObject
    ).bytes
    let sums = SnapshotArchive.sumsText(meta: meta, stateDigest: measure.stateDigest)
    let sealedSums = try WrappingKey(state.barrier.currentRootKey).wrap(
      SecretBytes(copying: sums), purpose: Self.sumsPurpose, random: composition.random)
    log.info("a snapshot is taken", [("keys", "\(measure.keys)"), ("bytes", "\(measure.stateBytes)")])
    return { send in
      try SnapshotArchive.write(
        snapshot, measure, meta: meta, sealedSums: sealedSums, time: now.seconds, to: send)
    }
  }

  /// Puts a snapshot in the place of everything that is stored, then opens the node again; one that does not open with the
  /// present root key stays sealed until it is unsealed with the keys of the snapshot.
  ///
  /// - Parameters:
  ///   - force: takes a snapshot that was made under another root key.
  ///   - remaining: requests that need not end first: the one that asks for this.
  /// - Throws: 400 with words where the snapshot is not taken; nothing has changed then.
  package func restore(_ file: [UInt8], force: Bool, leaving remaining: Int) throws {
    guard composition.storageStatus != nil else { throw EngineError.invalid("raft storage is not in use") }
    guard let contents = SnapshotArchive.read(file) else {
      throw EngineError.invalid("the snapshot is damaged or incomplete, or is none")
    }
    guard let bytes = contents.value(StoragePaths.sealConfiguration),
      let configuration = try? SealConfiguration(bytes: bytes)
    else { throw EngineError.invalid("the snapshot has no seal configuration that could be read") }
    guard configuration.type == composition.seal.type else {
      throw EngineError.invalid(
        "the snapshot is of a node sealed by \"\(configuration.type)\", and this one is sealed by "
          + "\"\(composition.seal.type)\"")
    }
    try replace(with: contents, configuration, force: force, leaving: remaining)
  }

  private func replace(
    with contents: SnapshotArchive.Contents, _ configuration: SealConfiguration, force: Bool, leaving remaining: Int
  ) throws {
    try exclusively { state in
      let rootKey = try state.barrier.currentRootKey
      if !force {
        let opened = try? WrappingKey(rootKey).unwrap(contents.sealedSums, purpose: Self.sumsPurpose)
        guard opened == SecretBytes(copying: contents.sums) else {
          throw EngineError.invalid(
            "could not verify hash file, possibly the snapshot is using a different set of unseal keys; "
              + "use the snapshot-force API to bypass this check")
        }
      }
      close(state, leaving: remaining)
      do {
        _ = try composition.store.replaceAll(contents.entries)
      } catch {
        log.error("the snapshot could not be written; what was stored before is still there")
        try? activate(rootKey: rootKey)
        throw error
      }
      log.info("a snapshot was restored", [("keys", "\(contents.entries.count)")])
      do { try reopen(rootKey: rootKey, configuration) } catch {
        log.warn("the node stays sealed after the restoration: unseal it with the keys of the snapshot")
      }
    }
  }

  private func reopen(rootKey: SecretBytes, _ configuration: SealConfiguration) throws {
    do { try activate(rootKey: rootKey) } catch BarrierError.wrongKey {
      guard case .automatic(let seal) = composition.seal else { throw BarrierError.wrongKey }
      try activate(rootKey: try seal.unwrap(configuration.rootKey))
    }
  }
}
