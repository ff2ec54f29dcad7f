internal import CPostgreSQL
internal import Glibc
package import SecretMemory

/// Where a server is and how to log in: libpq's keywords with their values (PostgreSQL documentation, section 34.1.2).
package struct ConnectionSettings: Sendable {
  /// The password is not among them.
  package private(set) var parameters: [String: String] = [:]
  package var password: SecretBytes?
  /// Files that parameters name, kept as long as these settings are.
  private var files: [MemoryFile] = []

  package init() {}

  /// Reads a URI (`postgresql://…`) or `key=value` pairs. What else a URI's query names are parameters of the session.
  /// - Throws: `.usage` without the text, which may hold a password.
  package init(text: String) throws(PostgreSQLError) {
    let query = try SessionQuery(uri: text)
    guard let parsed = Self.parse(query.uri) else { throw PostgreSQLError(.usage, "cannot parse the connection URL") }
    for (keyword, value) in parsed { if let value { self[keyword] = value } }
    if !query.options.isEmpty {
      self["options"] = ([self["options"]] + query.options).compactMap { $0 }.joined(separator: " ")
    }
  }

  /// All keywords that libpq knows, with the values that the text gives them; nil for what is no such text.
  static func parse(_ text: String) -> [String: String?]? {
    var message: UnsafeMutablePointer<CChar>?
    guard let options = PQconninfoParse(text, &message) else {
      PQfreemem(message)
      return nil
    }
    defer { PQconninfoFree(options) }
    var parsed: [String: String?] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      parsed[String(cString: keyword)] = .some(option.pointee.val.map { String(cString: $0) })
      option += 1
    }
    return parsed
  }

  /// A parameter by its keyword. `password` can be set like any other but not read.
  package subscript(keyword: String) -> String? {
    get { parameters[keyword] }
    set {
      if keyword == "password" {
        password = newValue.map { SecretBytes(copying: $0.utf8) }
      } else {
        parameters[keyword] = newValue
      }
    }
  }

  /// Gives a parameter that names a file the contents of one that is only in memory.
  package mutating func setFile(_ keyword: String, contents: SecretBytes) throws(PostgreSQLError) {
    let file = try MemoryFile(contents)
    files.append(file)
    parameters[keyword] = file.path
  }

  /// Where a server is to be verified and nobody says by whom: by those that the system trusts. libpq itself looks for a file in
  /// the user's home only, which stays first.
  package mutating func trustSystemAuthorities() {
    let wanted = parameters["sslrootcert"] ?? ""
    let isVerified = ["verify-ca", "verify-full"].contains(parameters["sslmode"] ?? "")
    guard wanted == "system" || (wanted.isEmpty && isVerified && !Self.hasOwnAuthorities) else { return }
    if PQlibVersion() >= 160_000 && parameters["sslmode"] == "verify-full" {
      parameters["sslrootcert"] = "system"
    } else if let bundle = Self.bundles.first(where: { access($0, R_OK) == 0 }) {
      parameters["sslrootcert"] = bundle
    }
  }

  private static var hasOwnAuthorities: Bool {
    getenv("HOME").map { access(String(cString: $0) + "/.postgresql/root.crt", R_OK) == 0 } ?? false
  }

  /// Where distributions keep the authorities that they trust.
  private static let bundles = [
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
  ]

  /// Lends the settings in the form that libpq takes, two lists that end in nil.
  func withLists<R>(
    _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> R
  ) -> R {
    var keywords: [UnsafeMutablePointer<CChar>] = []
    var values: [UnsafeMutableBufferPointer<CChar>] = []
    func append(_ keyword: String, _ value: UnsafeRawBufferPointer) {
      let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: value.count + 1)
      for (place, byte) in value.enumerated() { copy[place] = CChar(bitPattern: byte) }
      copy[value.count] = 0
      values.append(copy)
      let name = UnsafeMutablePointer<CChar>.allocate(capacity: keyword.utf8.count + 1)
      for (place, byte) in keyword.utf8.enumerated() { name[place] = CChar(bitPattern: byte) }
      name[keyword.utf8.count] = 0
      keywords.append(name)
    }
    for (keyword, value) in parameters {
      var value = value
      value.withUTF8 { append(keyword, UnsafeRawBufferPointer($0)) }
    }
    password?.withBytes { append("password", $0) }
    defer {
      for keyword in keywords { keyword.deallocate() }
      for value in values {
        zero(UnsafeMutableRawBufferPointer(value))
        value.deallocate()
      }
    }
    let names: [UnsafePointer<CChar>?] = keywords.map { UnsafePointer($0) } + [nil]
    let texts: [UnsafePointer<CChar>?] = values.map { UnsafePointer($0.baseAddress) } + [nil]
    return names.withUnsafeBufferPointer { names in
      texts.withUnsafeBufferPointer { texts in
        guard let first = names.baseAddress, let second = texts.baseAddress else {
          fatalError("a list with its end in it")
        }
        return body(first, second)
      }
    }
  }
}
