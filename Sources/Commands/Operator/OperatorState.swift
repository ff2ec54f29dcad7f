internal import Client
internal import JSONText

/// Flags that several operator commands have in common, and answers that come with or without an envelope.
enum OperatorFlags {
  static var pgpKeys: Flag<[String]> {
    Flag("pgp-keys", "Public keys to encrypt the new shares with: files or base64, separated by commas.")
  }
  static var nonce: Flag<String> { Flag("nonce", "The nonce of the operation, so that shares meet the right one.") }
  static var initiate: Flag<Bool> { Flag("init", "Begin the operation.") }
  static var cancel: Flag<Bool> { Flag("cancel", "Give the operation up.") }
  static var status: Flag<Bool> { Flag("status", "Show how far the operation is.") }
  static var recoveryToken: Flag<Bool> { Flag("recovery-token", "Make a recovery token instead of a root token.") }
  static var drToken: Flag<Bool> { Flag("dr-token", "Make a disaster recovery token instead of a root token.") }

  /// Keys as the API wants them: in base64, whether they were given so or in files.
  static func keys(_ given: [String], _ call: Invocation) throws(CommandFailure) -> [JSONValue] {
    var keys: [JSONValue] = []
    for text in given.flatMap({ $0.split(separator: ",").map(String.init) }) {
      if text.hasPrefix("keybase:") {
        throw .local("Keys from keybase.io are not supported; export the public key to a file and name that: \(text)")
      }
      let path = text.hasPrefix("@") ? String(text.dropFirst()) : text
      switch call.environment.files.read(call.environment.expanded(path)) {
      case .success(let bytes): keys.append(.string(PGPKeyText.base64(bytes)))
      case .failure(let error):
        // Not a file, so it must be the key itself.
        if !PGPKeyText.looksEncoded(text) { throw .local("Error reading PGP key: \(error)") }
        keys.append(.string(text))
      }
    }
    return keys
  }
}

extension APIClient {
  /// The members of an answer, out of its envelope where it has one.
  func state(_ request: APIRequest) throws(APIError) -> JSONObject {
    let object = try object(request)
    return object["request_id"] != nil ? object["data"]?.objectValue ?? object : object
  }
}
