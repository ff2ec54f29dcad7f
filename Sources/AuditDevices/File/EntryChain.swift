internal import AuditAPI
internal import AuditChain
internal import JSONText
internal import Primitives

/// The chain of one device's entries, through all the files that it writes to (docs/audit.md).
///
/// `append` is for one thread at a time; `head` may be asked for meanwhile.
final class EntryChain: Sendable {
  private struct State {
    var writer: ChainWriter?
    /// What the writer was made ready for.
    var file: AppendedFile?
    /// A piece of an entry that the next one has to name.
    var torn: ChainLink.Fragment?
    /// A write failed and nobody knows what is left of it.
    var isInDoubt = false
    var sinceSaved = 0
  }

  /// Entries between two savings, each of which is a write to the server's storage.
  private static let savingPeriod = 1024

  private let key: ChainKey
  private let memory: AuditDeviceMemory?
  private let newID: String
  private let rotated: RotatedFiles
  private let state = Locked(State())

  /// - Parameter path: of the file, for finding what it was renamed to.
  init(key: ChainKey, memory: AuditDeviceMemory?, random: RandomSource, path: String) {
    self.key = key
    self.memory = memory
    rotated = RotatedFiles(path: path)
    newID = Hex.encode(random.bytes(8))
  }

  var head: AuditChainHead? { state.withLock { $0.writer?.head } }

  func append(_ entries: [UInt8], to file: AppendedFile) throws(AuditDeviceError) {
    var now = state.withLock { $0 }
    if now.file !== file || now.isInDoubt { try prepare(&now, for: file) }
    guard var writer = now.writer else { return }
    let linked = writer.link(entries, torn: now.torn)
    if case .failure(let failure) = file.appendWhole(linked) {
      now.isInDoubt = !failure.isUndone
      state.withLock { $0 = now }
      throw failure.cause
    }
    now.writer = writer
    now.torn = nil
    now.sinceSaved += 1
    let isDue = now.sinceSaved == 1 || now.sinceSaved > Self.savingPeriod
    if isDue { now.sinceSaved = 1 }
    state.withLock { $0 = now }
    if isDue { save(isFinal: false) }
  }

  func close() { save(isFinal: true) }

  private func prepare(_ state: inout State, for file: AppendedFile) throws(AuditDeviceError) {
    let tail = try file.tail()
    var end = ChainEnd(tail)
    if !tail.fragment.isEmpty { file.endLine() }
    let known: ChainMemory?
    if let head = state.writer?.head {
      known = ChainMemory(head: head, isFinal: !state.isInDoubt)
    } else {
      known = memory?.load().flatMap { ChainMemory($0) }
    }
    // Rotated after a crash: the file's new name is not known, and how far it goes neither.
    if tail.isEmpty, let known, !known.isFinal, let found = rotated.end(after: known.head, key) { end = found }
    // Of a file that was rotated away the fragment is still to be named.
    if let fragment = end.fragment { state.torn = fragment }
    let head = ChainMemory.resumption(tail: end.head, isEmpty: tail.isEmpty, remembered: known)
    state.writer = ChainWriter(key: key, head: head, newID: newID, follows: known?.head)
    state.file = file
    state.isInDoubt = false
  }

  private func save(isFinal: Bool) {
    guard let memory, let head else { return }
    memory.save(ChainMemory(head: head, isFinal: isFinal).json.bytes)
  }
}
