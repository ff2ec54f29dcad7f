internal import AuditAPI
internal import AuditChain
internal import Glibc
internal import SecretMemory

/// The options of a file device that are about its chain.
enum ChainOptions {
  /// Nil where no chain is asked for.
  static func key(_ options: [String: String]) throws(AuditDeviceError) -> ChainKey? {
    let keyFile = options["chain_key_file"] ?? ""
    switch options["chain"] ?? "" {
    case "1", "t", "T", "true", "TRUE", "True": break
    case "", "0", "f", "F", "false", "FALSE", "False":
      if keyFile.isEmpty { return nil }
      throw .configuration("\"chain_key_file\" needs \"chain\"")
    default: throw .configuration("unable to parse \"chain\"")
    }
    let format = options["format"] ?? ""
    if !format.isEmpty, format.lowercased() != "json" { throw .configuration("\"chain\" needs the format json") }
    if options["prefix"]?.utf8.contains(10) == true {
      throw .configuration("\"chain\" needs a prefix without line feeds")
    }
    if keyFile.isEmpty { return .plain }
    guard let key = ChainKey(try read(keyFile)) else {
      throw .configuration("\"chain_key_file\" must hold at least \(ChainKey.leastBytes) bytes")
    }
    return key
  }

  /// At most 4 KiB, byte for byte.
  private static func read(_ path: String) throws(AuditDeviceError) -> SecretBytes {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw unreadable(path) }
    defer { Glibc.close(descriptor) }
    var count = 0
    let buffer = SecretBytes(count: 4096) { count = Glibc.read(descriptor, $0.baseAddress, $0.count) }
    if count < 0 { throw unreadable(path) }
    return buffer.withBytes { SecretBytes(copying: $0.prefix(count)) }
  }

  private static func unreadable(_ path: String) -> AuditDeviceError {
    .configuration("unable to read \"\(path)\": \(String(cString: strerror(errno)))")
  }
}
