internal import Commands
internal import Cryptography
internal import Glibc
internal import Primitives

/// A certificate authority and a certificate for one run of the development server, in files that clients can be pointed to.
struct DevelopmentCertificate {
  let certificateFile: String
  let keyFile: String
  let authorityFile: String

  /// - Parameter folder: where the files go; empty for a new folder among the temporary ones.
  init(folder: String, names: [String], files: FileAccess) throws {
    let folder = folder.isEmpty ? try Self.temporaryFolder() : folder
    let certificate: ServerCertificate
    var seen: Set<String> = []
    let all = (names + ["localhost", "127.0.0.1", "::1"]).filter { !$0.isEmpty && seen.insert($0).inserted }
    do { certificate = try ServerCertificate(names: all, random: .system) } catch {
      throw CommandFailure.local("Cannot make a certificate for \(names.joined(separator: ", "))")
    }
    certificateFile = folder + "/vault-cert.pem"
    keyFile = folder + "/vault-key.pem"
    authorityFile = folder + "/vault-ca.pem"
    for (path, bytes, mode) in [
      (certificateFile, certificate.certificatePEM, UInt32(0o644)), (keyFile, certificate.keyPEM, 0o600),
      (authorityFile, certificate.authorityPEM, 0o644),
    ] {
      if case .failure(let error) = files.write(path, bytes, mode) {
        throw CommandFailure.local("Cannot write \(path): \(error)")
      }
    }
  }

  private static func temporaryFolder() throws -> String {
    var template = Array("/tmp/coffer-tls-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw CommandFailure.local("Cannot make a folder for the certificate") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
