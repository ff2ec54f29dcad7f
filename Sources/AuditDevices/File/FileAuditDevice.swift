package import AuditAPI
internal import AuditChain
internal import Glibc
package import Primitives

/// Appends entries to a file, or writes them to standard output, or keeps none (`discard`).
package final class FileAuditDevice: AuditDevice {
  /// Options: `file_path` (a path, `stdout` or `discard`), `mode` (octal, default `0600`; `0000` leaves a file's
  /// mode as it is), `chain` (each entry names the one before, so that changes can be found) and `chain_key_file` (what
  /// the chain's hashes are made with).
  package static let type = AuditDeviceType(name: "file") { context throws(AuditDeviceError) in
    try FileAuditDevice(options: context.options, memory: context.memory)
  }

  private enum Target {
    case discard
    case stdout
    case path(String, mode: mode_t)
  }

  private let target: Target
  private let file: Locked<AppendedFile?>
  private let chain: EntryChain?
  package let isPrompt: Bool
  package var chainHead: AuditChainHead? { chain?.head }

  package init(
    options: [String: String], memory: AuditDeviceMemory? = nil, random: RandomSource = .system
  ) throws(AuditDeviceError) {
    let name = Self.trimmed(options["file_path"] ?? options["path"] ?? "")
    if name.isEmpty { throw .configuration("\"file_path\" is required") }
    let mode = try Self.mode(options["mode"] ?? "")
    let chainKey = try ChainOptions.key(options)
    let opened: AppendedFile?
    switch name.lowercased() {
    case "discard":
      target = .discard
      opened = nil
    case "stdout":
      target = .stdout
      opened = AppendedFile(descriptor: 1, owned: false)
    default:
      target = .path(name, mode: mode)
      opened = try AppendedFile(path: name, mode: mode, isReadable: chainKey != nil)
    }
    if chainKey != nil, opened?.isRegular != true || name.lowercased() == "stdout" {
      throw .configuration("\"chain\" needs a file to go on from")
    }
    chain = chainKey.map { EntryChain(key: $0, memory: memory, random: random, path: name) }
    file = Locked(opened)
    isPrompt = opened?.isOnLocalDisk ?? true
  }

  package func write(_ entries: [UInt8]) throws(AuditDeviceError) {
    if case .discard = target { return }
    guard var current = file.withLock({ $0 }) else { throw AuditDeviceError("the file is closed") }
    if case .path = target, current.isUnlinked {
      // Whatever is written to a deleted file is lost when it is closed, and nobody can read it before.
      try reopen()
      guard let anew = file.withLock({ $0 }) else { throw AuditDeviceError("the file is closed") }
      current = anew
    }
    if let chain { try chain.append(entries, to: current) } else { try current.append(entries) }
  }

  package func reopen() throws(AuditDeviceError) {
    guard case .path(let path, let mode) = target else { return }
    let opened = try AppendedFile(path: path, mode: mode, isReadable: chain != nil)
    // A write under way keeps the old file open until it ends.
    file.withLock { $0 = $0 == nil ? nil : opened }
  }

  package func close() {
    let wasOpen = file.withLock { file in
      defer { file = nil }
      return file != nil
    }
    if wasOpen { chain?.close() }
  }

  private static func mode(_ text: String) throws(AuditDeviceError) -> mode_t {
    let text = trimmed(text)
    if text.isEmpty { return 0o600 }
    guard let mode = mode_t(text, radix: 8), mode <= 0o7777 else { throw AuditDeviceError("invalid mode: \(text)") }
    if mode & 0o111 != 0 { throw AuditDeviceError("file mode may not be executable: \(text)") }
    if mode & 0o7000 != 0 { throw AuditDeviceError("invalid mode: \(text)") }
    return mode
  }

  private static func trimmed(_ text: String) -> String {
    let space: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }
    return String(text.drop(while: space).reversed().drop(while: space).reversed())
  }
}
