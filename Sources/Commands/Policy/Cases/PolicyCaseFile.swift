internal import AccessPolicy
internal import HCL
internal import JSONText
internal import Primitives

/// What `policy test` reads: policies, and cases that say what they should do. The same content in HCL, YAML or JSON.
struct PolicyCaseFile {
  enum Text: Equatable {
    case file(String)
    case inline(String)
  }

  struct Case {
    var name: String
    var policies: [String]
    var operations: [AccessOperation] = []
    var paths: [String]
    var parameters = JSONObject()
    var wrapTTL: TimeSpan?
    /// Nil where the path says whether it is protected.
    var needsSudo: Bool?
    var subject: TemplateSubject?
    /// Whether the operations are to be allowed; nil where only `capabilities` is asked about.
    var isAllowed: Bool?
    var capabilities: [String]?
  }

  struct Fault: Error, CustomStringConvertible { let description: String }

  var policies: [(name: String, text: Text)] = []
  var cases: [Case] = []

  /// By the file's name: `.yaml`, `.yml` and `.json`, and HCL for all others.
  init(_ bytes: [UInt8], path: String) throws(Fault) {
    let root: JSONValue
    if path.hasSuffix(".yaml") || path.hasSuffix(".yml") {
      do throws(YAMLError) { root = try YAMLReader.read(bytes) } catch { throw Fault(description: "\(error)") }
    } else if path.hasSuffix(".json") {
      do throws(JSONError) { root = try JSONParser.parse(bytes) } catch { throw Fault(description: "\(error)") }
    } else {
      do throws(HCLError) {
        root = .object(try HCLCases.object(HCLParser.parse(String(decoding: bytes, as: UTF8.self))))
      } catch { throw Fault(description: "\(error)") }
    }
    try self.init(root)
  }

  init(_ root: JSONValue) throws(Fault) {
    let root = try Members(root, place: "the file", known: ["policies", "cases"])
    for member in try root.object("policies")?.members ?? [] {
      policies.append((member.name.lowercased(), try Self.text(member.value, "policies.\(member.name)")))
    }
    guard let list = root["cases"]?.arrayValue, !list.isEmpty else {
      throw Fault(description: "there are no cases in the file")
    }
    for (i, value) in list.enumerated() { cases.append(try Self.testCase(value, number: i + 1)) }
  }

  private static func text(_ value: JSONValue, _ place: String) throws(Fault) -> Text {
    if let path = value.stringValue { return .file(path) }
    let members = try Members(value, place: place, known: ["file", "text"])
    switch (try members.string("file"), try members.string("text")) {
    case (let path?, nil): return .file(path)
    case (nil, let text?): return .inline(text)
    default: throw Fault(description: "\(place): either \"file\" or \"text\" must be there")
    }
  }

  private static func testCase(_ value: JSONValue, number: Int) throws(Fault) -> Case {
    let given = value["name"]?.stringValue ?? ""
    let name = given.isEmpty ? "case \(number)" : given
    let members = try Members(
      value, place: "\"\(name)\"",
      known: [
        "name", "policies", "operation", "operations", "path", "paths", "parameters", "wrap_ttl", "sudo", "entity",
        "expect", "capabilities",
      ])
    var out = Case(
      name: name, policies: try members.strings("policies")?.map { $0.lowercased() } ?? [],
      paths: try members.strings("path", "paths") ?? [])
    if out.policies.isEmpty { throw members.fault("policies are missing") }
    if out.paths.isEmpty { throw members.fault("a path is missing") }
    for word in try members.strings("operation", "operations") ?? [] {
      guard let operation = AccessOperation(rawValue: word), operation != .help else {
        throw members.fault("\"\(word)\" is no operation: read, list, create, update, patch or delete is")
      }
      out.operations.append(operation)
    }
    out.parameters = try members.object("parameters") ?? [:]
    if let text = try members.string("wrap_ttl") {
      guard let span = TimeSpan(api: text) else { throw members.fault("wrap_ttl is no length of time") }
      out.wrapTTL = span
    }
    out.needsSudo = try members.bool("sudo")
    out.subject = try members["entity"].map { (value) throws(Fault) in try CaseEntity.subject(value, name) }
    switch try members.string("expect") {
    case "allow": out.isAllowed = true
    case "deny": out.isAllowed = false
    case nil: break
    case .some: throw members.fault("expect must be allow or deny")
    }
    out.capabilities = try members.strings("capabilities")
    if out.isAllowed == nil && out.capabilities == nil {
      throw members.fault("neither \"expect\" nor \"capabilities\" says what is expected")
    }
    if out.isAllowed != nil && out.operations.isEmpty { throw members.fault("an operation is missing") }
    if out.isAllowed == nil && !out.operations.isEmpty { throw members.fault("\"expect\" is missing") }
    return out
  }
}

/// An object of a test file, read strictly: a name that nobody knows is a mistake.
struct Members {
  private let object: JSONObject
  private let place: String

  init(_ value: JSONValue, place: String, known: Set<String>) throws(PolicyCaseFile.Fault) {
    guard let object = value.objectValue else { throw PolicyCaseFile.Fault(description: "\(place) must be a map") }
    self.object = object
    self.place = place
    if let name = object.names.first(where: { !known.contains($0) }) { throw fault("\"\(name)\" is not known") }
  }

  func fault(_ message: String) -> PolicyCaseFile.Fault { PolicyCaseFile.Fault(description: "\(place): \(message)") }

  subscript(name: String) -> JSONValue? { object[name].flatMap { $0.isNull ? nil : $0 } }

  func string(_ name: String) throws(PolicyCaseFile.Fault) -> String? {
    switch self[name] {
    case nil: return nil
    case .string(let text): return text
    case .number(let number): return number.text
    default: throw fault("\(name) must be a text")
    }
  }

  func bool(_ name: String) throws(PolicyCaseFile.Fault) -> Bool? {
    guard let value = self[name] else { return nil }
    guard let bool = value.boolValue else { throw fault("\(name) must be true or false") }
    return bool
  }

  func object(_ name: String) throws(PolicyCaseFile.Fault) -> JSONObject? {
    guard let value = self[name] else { return nil }
    guard let object = value.objectValue else { throw fault("\(name) must be a map") }
    return object
  }

  /// A list of texts, or one text; under the one name or the other.
  func strings(_ names: String...) throws(PolicyCaseFile.Fault) -> [String]? {
    let given = names.filter { self[$0] != nil }
    if given.count > 1 { throw fault("\(given.joined(separator: " and ")) mean the same: give one of them") }
    guard let name = given.first, let value = self[name] else { return nil }
    if let text = value.stringValue { return [text] }
    let texts = value.arrayValue?.map(\.stringValue) ?? [nil]
    guard !texts.contains(nil) else { throw fault("\(name) must be a text or a list of texts") }
    return texts.compactMap { $0 }
  }
}

/// Whom a case is about, for templates.
enum CaseEntity {
  static func subject(_ value: JSONValue, _ name: String) throws(PolicyCaseFile.Fault) -> TemplateSubject {
    let place = "\"\(name)\": entity"
    let members = try Members(value, place: place, known: ["id", "name", "metadata", "aliases", "groups"])
    var subject = TemplateSubject(
      entityID: try members.string("id") ?? "", entityName: try members.string("name") ?? "",
      metadata: texts(try members.object("metadata")))
    for member in try members.object("aliases")?.members ?? [] {
      let alias = try Members(
        member.value, place: "\(place): aliases.\(member.name)", known: ["id", "name", "metadata", "custom_metadata"])
      subject.aliases.append(
        TemplateSubject.Alias(
          mountAccessor: member.name, id: try alias.string("id") ?? "", name: try alias.string("name") ?? "",
          metadata: texts(try alias.object("metadata")), customMetadata: texts(try alias.object("custom_metadata"))))
    }
    for value in members["groups"]?.arrayValue ?? [] {
      if let name = value.stringValue {
        subject.groups.append(TemplateSubject.Group(id: "", name: name))
        continue
      }
      let group = try Members(value, place: "\(place): groups", known: ["id", "name", "metadata"])
      subject.groups.append(
        TemplateSubject.Group(
          id: try group.string("id") ?? "", name: try group.string("name") ?? "",
          metadata: texts(try group.object("metadata"))))
    }
    return subject
  }

  private static func texts(_ object: JSONObject?) -> [String: String] {
    var out: [String: String] = [:]
    for member in object?.members ?? [] { out[member.name] = member.value.plainText }
    return out
  }
}
