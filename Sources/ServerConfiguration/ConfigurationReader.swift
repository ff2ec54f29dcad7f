internal import HCL
internal import Primitives

/// Reads what `server -config` names: files in HCL or JSON, and folders of them.
///
/// Files are read in the order in which they are named, those of a folder by name. Where several set the same value the
/// last one wins; stanzas add up. The environment wins over files where it has a variable for a value.
package struct ConfigurationReader: Sendable {
  private let environment: [String: String]
  private let files: ConfigurationFiles

  package init(environment: [String: String] = [:], files: ConfigurationFiles = .system) {
    self.environment = environment
    self.files = files
  }

  package func read(paths: [String]) throws(ConfigurationError) -> ServerConfiguration {
    if paths.isEmpty { throw ConfigurationError(message: "no configuration: name a file or a folder with -config") }
    var documents: [Stanza] = []
    for path in paths {
      switch try files.open(path) {
      case .file(let bytes): documents.append(try Self.document(path, bytes))
      case .folder(let names):
        let wanted = names.filter(Self.isConfiguration).sorted {
          $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        if wanted.isEmpty {
          throw ConfigurationError(file: path, message: "there is no .hcl or .json file in this folder")
        }
        for name in wanted {
          let inner = path.hasSuffix("/") ? path + name : path + "/" + name
          // Folders within the folder are not looked into.
          if case .file(let bytes) = try files.open(inner) { documents.append(try Self.document(inner, bytes)) }
        }
      }
    }
    return try configuration(documents)
  }

  private static func isConfiguration(_ name: String) -> Bool {
    !name.hasPrefix(".") && !name.hasPrefix("#") && (name.hasSuffix(".hcl") || name.hasSuffix(".json"))
  }

  private static func document(_ path: String, _ bytes: [UInt8]) throws(ConfigurationError) -> Stanza {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(file: path, message: "this file is not UTF-8 text")
    }
    do throws(HCLError) {
      let body = try HCLParser.parse(text)
      if let twice = body.duplicateAttribute {
        throw HCLError(message: "\"\(twice.key)\" is set a second time", line: twice.line, column: twice.column)
      }
      return Stanza(file: path, body: body)
    } catch { throw ConfigurationError(file: path, line: error.line, message: error.message) }
  }

  // MARK: The whole

  private func configuration(_ documents: [Stanza]) throws(ConfigurationError) -> ServerConfiguration {
    var warnings: [String] = []
    for document in documents { warnings += try document.review(TopLevel.keys) }
    let top = TopLevel(documents: documents, environment: environment)

    var configuration = ServerConfiguration(listeners: [], storage: .memory)
    try top.readScalars(into: &configuration, warnings: &warnings)

    let storages = try top.stanzas("storage", labels: 1) + top.stanzas("backend", labels: 1)
    guard let first = storages.first else {
      throw ConfigurationError(
        file: documents.count == 1 ? documents[0].file : "", message: "a \"storage\" stanza is required")
    }
    if storages.count > 1 {
      let other = ConfigurationError.place(first.file, first.line).dropLast(2)
      throw storages[1].error("a second storage: there is one at \(other) already")
    }
    var storageReader = StorageReader(environment: environment)
    configuration.storage = try storageReader.storage(first, ownAddress: configuration.apiAddress)
    if configuration.disableClustering, case .raft = configuration.storage {
      throw top.error("\"disable_clustering\" cannot be true with storage \"raft\"", at: "disable_clustering")
    }

    var listenerReader = ListenerReader(defaultMaxRequestDuration: configuration.defaultMaxRequestDuration)
    for stanza in try top.stanzas("listener", labels: 1) {
      let listener = try listenerReader.listener(stanza)
      let isTaken = configuration.listeners.contains { Self.clashes($0.address, listener.address) }
      if isTaken { throw stanza.error("another listener has this address already", at: "address") }
      configuration.listeners.append(listener)
    }
    if configuration.listeners.isEmpty {
      throw ConfigurationError(
        file: documents.count == 1 ? documents[0].file : "", message: "a \"listener\" stanza is required")
    }

    var sealReader = SealReader(environment: environment)
    configuration.seals = try sealReader.seals(top.stanzas("seal", labels: 1))
    var auditReader = AuditReader()
    configuration.auditDevices = try auditReader.devices(top.stanzas("audit", labels: 2))
    configuration.warnings =
      warnings + storageReader.warnings + listenerReader.warnings + sealReader.warnings + auditReader.warnings
    return configuration
  }

  private static func clashes(_ a: ListenerConfiguration.Address, _ b: ListenerConfiguration.Address) -> Bool {
    switch (a, b) {
    case (.tcp(let host, let port), .tcp(let other, let otherPort)): port != 0 && host == other && port == otherPort
    case (.unix(let path, _, _, _), .unix(let other, _, _, _)): path == other
    default: false
    }
  }
}
