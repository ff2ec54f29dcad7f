internal import AuditAPI
internal import Client
internal import Glibc
internal import JSONText
internal import Primitives

/// What the options of an HTTP device say, checked.
struct HTTPDeviceOptions: Sendable {
  let configuration: ClientConfiguration
  private let target: String
  private let headers: [(name: String, value: String)]

  init(_ context: AuditDeviceContext) throws(AuditDeviceError) {
    let options = context.options
    let reference = Reference(isAllowed: context.isDeclared)
    let uri = try reference.value(of: options["uri"] ?? "", "uri")
    if uri.isEmpty { throw .configuration("\"uri\" is required") }
    guard uri.hasPrefix("http://") || uri.hasPrefix("https://"), uri.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
      let address = try? ServerAddress(uri)
    else { throw .configuration("\"uri\" must be an http or https URL") }
    target = Self.target(uri)
    headers = try Self.headers(options["headers"] ?? "", reference)
    var configuration = ClientConfiguration(address: address)
    let timeout = options["timeout"].flatMap { $0.isEmpty ? nil : $0 } ?? "5s"
    guard let span = TimeSpan(api: timeout), span > .zero else { throw .configuration("unable to parse \"timeout\"") }
    configuration.timeout = span
    configuration.responseBytes = 1 << 20
    configuration.tls.authorityFile = options["tls_ca_cert"] ?? ""
    configuration.tls.certificateFile = options["tls_client_cert"] ?? ""
    configuration.tls.keyFile = options["tls_client_key"] ?? ""
    configuration.tls.serverName = options["tls_server_name"] ?? ""
    self.configuration = configuration
  }

  func request(_ entry: [UInt8]) -> HTTPRequest {
    HTTPRequest(method: "POST", server: configuration.address, target: target, headers: headers, body: entry)
  }

  /// Path and query as written, without a fragment (RFC 3986, section 3.5).
  private static func target(_ uri: String) -> String {
    let rest = uri.drop { $0 != ":" }.dropFirst(3)
    let target = rest.drop { $0 != "/" && $0 != "?" && $0 != "#" }.prefix { $0 != "#" }
    return target.hasPrefix("/") ? String(target) : "/" + target
  }

  private static func headers(
    _ text: String, _ reference: Reference
  ) throws(AuditDeviceError) -> [(name: String, value: String)] {
    var out: [(name: String, value: String)] = []
    if !text.isEmpty {
      guard let object = try? JSONParser.parse(text).objectValue else {
        throw .configuration("unable to parse \"headers\": a JSON object of lists of texts is needed")
      }
      for member in object.members {
        guard let values = member.value.arrayValue ?? member.value.stringValue.map({ [.string($0)] }) else {
          throw .configuration("unable to parse \"headers\": a JSON object of lists of texts is needed")
        }
        try check(name: member.name)
        for value in values {
          guard let text = value.stringValue else {
            throw .configuration("unable to parse \"headers\": a JSON object of lists of texts is needed")
          }
          let value = try reference.value(of: text, "headers")
          guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .configuration("'headers' holds a value that cannot be sent")
          }
          out.append((member.name, value))
        }
      }
    }
    if !out.contains(where: { $0.name.lowercased() == "content-type" }) {
      out.append(("Content-Type", "application/json"))
    }
    return out
  }

  /// A token (RFC 9110, section 5.6.2), and none that frames the message.
  private static func check(name: String) throws(AuditDeviceError) {
    let isToken = name.utf8.allSatisfy { byte in
      byte > 0x20 && byte < 0x7F && !"()<>@,;:\\\"/[]?={}".utf8.contains(byte)
    }
    let framing = ["content-length", "transfer-encoding", "host", "connection"]
    guard isToken, !name.isEmpty, !framing.contains(name.lowercased()) else {
      throw .configuration("'headers' holds a name that cannot be sent")
    }
  }

  /// A value that may stand elsewhere: `env://NAME` or `file://PATH`.
  private struct Reference {
    let isAllowed: Bool

    func value(of text: String, _ option: String) throws(AuditDeviceError) -> String {
      let isVariable = text.hasPrefix("env://")
      guard isVariable || text.hasPrefix("file://") else { return text }
      if !isAllowed {
        throw .configuration("'\(option)' may refer to files and variables in the server's configuration only")
      }
      if isVariable {
        guard let value = getenv(String(text.dropFirst(6))) else {
          throw .configuration("the variable that '\(option)' refers to is not set")
        }
        return String(cString: value)
      }
      return try read(String(text.dropFirst(7)), option)
    }

    /// At most 64 KiB, without the line feed at the end.
    private func read(_ path: String, _ option: String) throws(AuditDeviceError) -> String {
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      if descriptor < 0 { throw .configuration("the file that '\(option)' refers to cannot be read") }
      defer { Glibc.close(descriptor) }
      var buffer = [UInt8](repeating: 0, count: 64 << 10)
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 { throw .configuration("the file that '\(option)' refers to cannot be read") }
      var bytes = buffer.prefix(count)
      while bytes.last == 10 || bytes.last == 13 { bytes.removeLast() }
      return String(decoding: bytes, as: UTF8.self)
    }
  }
}
