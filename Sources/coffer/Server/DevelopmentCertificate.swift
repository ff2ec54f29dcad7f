internal import Commands

/// A certificate authority and a certificate for one run of the development server.
struct DevelopmentCertificate {
  let certificateFile: String
  let keyFile: String
  let authorityFile: String

  init(folder: String, names: [String]) throws {
    throw CommandFailure.local("-dev-tls is not built yet")
  }
}
