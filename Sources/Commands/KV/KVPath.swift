internal import Client
internal import JSONText

/// Where a key of a KV engine is, and which version of the engine holds it.
struct KVPath {
  /// Ends without a slash.
  let mount: String
  let isVersioned: Bool
  /// Mount and key together.
  private let joined: String

  /// Asks the server which engine is at the path, or at the mount that `-mount` names.
  init(_ call: Invocation, _ client: APIClient, mount flag: String, argument: String) throws(CommandFailure) {
    let key = Invocation.trimmed(argument)
    let asked = flag.isEmpty ? key : Invocation.trimmed(flag)
    let found = try call.attempt { () throws(APIError) in try Self.preflight(client, asked) }
    isVersioned = found.isVersioned
    // An older server does not tell the mount; what was typed must do.
    mount = found.mount.isEmpty && !flag.isEmpty ? asked : found.mount
    joined = flag.isEmpty ? key : mount + "/" + key
  }

  /// The path below the engine's `data`, `metadata`, … in version 2; the path itself in version 1.
  func api(_ area: String) -> String {
    guard isVersioned else { return joined }
    if joined == mount { return Invocation.trimmed("\(mount)/\(area)") }
    let rest = joined.hasPrefix(mount + "/") ? joined.dropFirst(mount.count + 1) : joined[...]
    return Invocation.trimmed("\(mount)/\(area)/\(rest)")
  }

  private static func preflight(
    _ client: APIClient, _ path: String
  ) throws(APIError) -> (mount: String, isVersioned: Bool) {
    var request = APIRequest("GET", "sys/internal/ui/mounts/\(path)")
    request.isPreflight = true
    do throws(APIError) {
      guard let secret = try client.secret(request) else { throw .malformed("nil response from pre-flight request") }
      let mount = Invocation.trimmed(secret.data?["path"]?.stringValue ?? "")
      let version = secret.data?["options"]?["version"]?.plainText
      return (mount, version == "2")
    } catch {
      if error.status == 404 { return ("", false) }
      throw error
    }
  }
}

/// Flags that the commands of this folder have in common.
enum KVFlags {
  static var mount: Flag<String> {
    Flag("mount", "Path of the engine, so that the argument is the key alone.")
  }
  static var versions: Flag<[String]> { Flag("versions", "Version numbers, separated by commas. Repeatable.") }

  /// `1,2` and repeated flags alike.
  static func numbers(_ texts: [String]) -> [String] {
    texts.flatMap { $0.split(separator: ",") }.map { Invocation.trimmed(String($0)) }.filter { !$0.isEmpty }
  }

  static func numbers(_ texts: [String]) throws(CommandFailure) -> JSONValue {
    var values: [JSONValue] = []
    for text in numbers(texts) as [String] {
      guard let number = Int64(text) else { throw .local("invalid version \"\(text)\"") }
      values.append(.int(number))
    }
    return .array(values)
  }
}

extension Output {
  /// The answer of a write to a versioned engine: where it went, and what it made.
  func versionWritten(_ secret: Secret?, path: String) throws(CommandFailure) {
    guard let secret else { return try written(nil, path) }
    if !field.isEmpty || !isTable || secret.wrapInfo != nil { return try self.secret(secret) }
    warnings(of: secret)
    secretPath(path)
    section("Metadata", secret.data ?? [:])
  }

  func secretPath(_ path: String, title: String = "Secret Path") {
    line(Table.title(title, width: path.count))
    line(path)
    line("")
  }

  func section(_ title: String, _ data: JSONObject) {
    line(Table.title(title, over: data.names))
    self.data(data)
  }
}
