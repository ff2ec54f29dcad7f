internal import Client
internal import Cryptography
internal import JSONText
internal import Primitives
internal import SecretMemory

struct TransitImportCommand: Command {
  let words = ["transit", "import"]
  let synopsis = "Bring a key of one's own"
  let usage = "PATH KEY [K=V ...]"
  let details = """
    Wraps a key for the server and makes a transit key of it. KEY is in base64, or @FILE: the bytes themselves for
    ciphers and HMAC, PKCS #8 (DER) for others. What is given as K=V goes along, such as the type.

        $ coffer transit import transit/keys/orders @key.b64 type=aes256-gcm96
    """
  let arity = Arity.atLeast(0)
  let takesData = true

  func run(_ call: Invocation) throws(CommandFailure) { try TransitImport(call).run("import") }
}

struct TransitImportVersionCommand: Command {
  let words = ["transit", "import-version"]
  let synopsis = "Bring a new version of an imported key"
  let usage = "PATH KEY [K=V ...]"
  let details = """
    As "transit import", for a key that was imported before.

        $ coffer transit import-version transit/keys/orders @key.b64
    """
  let arity = Arity.atLeast(0)
  let takesData = true

  func run(_ call: Invocation) throws(CommandFailure) { try TransitImport(call).run("import_version") }
}

/// The key goes under a key made for this one time, and that under the server's wrapping key.
private struct TransitImport {
  private let call: Invocation

  init(_ call: Invocation) { self.call = call }

  /// The server would not take the key.
  private static let refused: Int32 = 3
  private static let ephemeralBytes = 32

  func run(_ operation: String) throws(CommandFailure) {
    if call.arguments.count < 2 {
      throw .local(
        "Incorrect argument count (expected 2+, got \(call.arguments.count)). Wanted PATH to import into and KEY "
          + "material.")
    }
    let (mount, name) = try place()
    let key = try material()
    var data = try DataArguments.parse(call.arguments.dropFirst(2), call.environment)
    let client = try call.client()
    call.print("Retrieving wrapping key.")
    let answer = try call.attempt("failed to fetch wrapping key") { () throws(APIError) in
      try client.read("\(mount)/wrapping_key")
    }
    let text = answer?.data?["public_key"]?.stringValue ?? ""
    guard let block = PEM.first(in: text), let wrapping = try? AsymmetricKey(subjectPublicKeyInfo: block.bytes) else {
      throw .remote("failed to fetch wrapping key: the server's answer holds no public key")
    }
    call.print("Wrapping source key with ephemeral key.")
    let random = call.environment.random
    let ephemeral = SecretBytes(count: Self.ephemeralBytes) { random.fill($0) }
    let blob: [UInt8]
    do throws(CryptographyError) {
      let wrapped = try PaddedKeyWrap.wrap(key, under: ephemeral)
      call.print("Encrypting ephemeral key with wrapping key.")
      blob = try wrapping.encrypt(ephemeral, .oaep(.sha256)) + wrapped
    } catch { throw .local("failed to wrap source key: the wrapping key cannot be used") }
    data["ciphertext"] = .string(Base64.encode(blob))
    data["hash_function"] = "SHA256"
    call.print("Submitting wrapped key.")
    do throws(CommandFailure) {
      let body = data
      _ = try call.attempt { () throws(APIError) in try client.put("\(mount)/keys/\(name)/\(operation)", body) }
    } catch {
      if error.status == 0 { throw error }
      throw CommandFailure(status: Self.refused, "failed to call \(operation):\(error.message)")
    }
    call.print("Success!")
  }

  private func place() throws(CommandFailure) -> (mount: String, name: String) {
    let parts = call.path().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count >= 3, parts[parts.count - 2] == "keys", let name = parts.last, !name.isEmpty else {
      throw .local("expected transit path and key name in the form :path:/keys/:name:")
    }
    return (parts.dropLast(2).joined(separator: "/"), name)
  }

  private func material() throws(CommandFailure) -> SecretBytes {
    var text = call.argument(1)
    if text.hasPrefix("@") {
      do throws(FileError) {
        text = String(decoding: try call.environment.files.read(String(text.dropFirst())).get(), as: UTF8.self)
      } catch { throw .local("error reading key material from file: \(error)") }
    }
    do throws(Base64.Corrupt) { return SecretBytes(copying: try Base64.decode(text)) } catch {
      throw .local("error base64 decoding source key material: illegal base64 data at input byte \(error.offset)")
    }
  }
}
