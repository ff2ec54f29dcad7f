internal import HCL

/// Where the token of the last login is kept: `~/.vault-token`, or a helper program that `~/.vault` names.
package struct TokenStore {
  private let environment: CommandEnvironment

  package init(_ environment: CommandEnvironment) { self.environment = environment }

  /// Nil where nobody has logged in.
  package func token() throws(CommandFailure) -> String? {
    if let helper = try helper() {
      switch environment.runProgram(helper, "get", "") {
      case .success(let output): return Self.trimmed(output)
      case .failure(let error): throw .local("Failed to get token from token helper: \(error)")
      }
    }
    switch environment.files.read(path) {
    case .success(let bytes): return Self.trimmed(String(decoding: bytes, as: UTF8.self))
    case .failure(let error):
      // Without a home there is nothing to find; the server will say that a token is missing.
      if error.isAbsence || environment.variables["HOME"]?.isEmpty != false { return nil }
      throw .local("error reading token: \(error)")
    }
  }

  package func store(_ token: String) throws(CommandFailure) {
    if let helper = try helper() {
      if case .failure(let error) = environment.runProgram(helper, "store", token) {
        throw .remote("Error storing token: \(error)")
      }
    } else if case .failure(let error) = environment.files.write(path, Array(token.utf8), 0o600) {
      throw .remote("Error storing token: \(error)")
    }
  }

  package func erase() throws(CommandFailure) {
    if let helper = try helper() {
      if case .failure(let error) = environment.runProgram(helper, "erase", "") {
        throw .remote("Error erasing token: \(error)")
      }
    } else if case .failure(let error) = environment.files.remove(path) {
      throw .remote("Error erasing token: \(error)")
    }
  }

  private var path: String { environment.expanded("~/.vault-token") }

  private func helper() throws(CommandFailure) -> String? {
    let place = environment.variables["VAULT_CONFIG_PATH"].flatMap { $0.isEmpty ? nil : $0 } ?? "~/.vault"
    guard case .success(let bytes) = environment.files.read(environment.expanded(place)) else { return nil }
    guard let name = try tokenHelper(in: bytes, place), !name.isEmpty else { return nil }
    return environment.expanded(name)
  }

  private func tokenHelper(in bytes: [UInt8], _ place: String) throws(CommandFailure) -> String? {
    do throws(HCLError) {
      return try HCLParser.parse(String(decoding: bytes, as: UTF8.self)).string("token_helper")
    } catch {
      throw .local("Error loading config file at \(place): \(error)")
    }
  }

  private static func trimmed(_ text: String) -> String? {
    var text = text[...]
    while let last = text.last, last.isWhitespace { text.removeLast() }
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    return text.isEmpty ? nil : String(text)
  }
}
