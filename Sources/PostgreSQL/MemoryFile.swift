internal import CPostgreSQL
internal import Glibc
internal import SecretMemory

/// A file that is in no folder and goes with its last reference: libpq reads certificates and keys from files only, and keys
/// belong on no disk.
final class MemoryFile: Sendable {
  private let descriptor: Int32
  var path: String { "/proc/self/fd/\(descriptor)" }

  init(_ contents: SecretBytes) throws(PostgreSQLError) {
    descriptor = coffer_memory_file()
    guard descriptor >= 0, fchmod(descriptor, 0o600) == 0 else {
      throw PostgreSQLError(.usage, "no memory for a certificate's file")
    }
    let descriptor = descriptor
    let written = contents.withBytes { bytes in
      var done = 0
      while done < bytes.count, let base = bytes.baseAddress {
        let count = write(descriptor, base + done, bytes.count - done)
        if count <= 0 { return false }
        done += count
      }
      return true
    }
    guard written else { throw PostgreSQLError(.usage, "no memory for a certificate's file") }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
