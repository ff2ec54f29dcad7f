package import AccessPolicy
package import JSONText
package import Primitives

/// Claims as an operator writes them: a JSON object in which `{{selector}}` stands, outside of quotes, for a value.
///
/// The text is parsed once, before any value is known. Values are put into the parsed tree and escaped when it is
/// written, so that whatever an entity is called, it stays the one value that it stands for.
package struct ClaimsTemplate: Sendable, Equatable {
  package enum Malformed: Error, Sendable, Equatable {
    case unbalanced
    /// A placeholder inside quotes, where no value can stand.
    case quoted
    case unknownSelector(String)
    case tooLarge
    case notAnObject
    case json(JSONError)

    package var reason: String {
      switch self {
      case .unbalanced: "unbalanced templating characters"
      case .quoted: "a template parameter must stand outside of quotes"
      case .unknownSelector(let selector): "template value not found: \"\(selector)\""
      case .tooLarge: "the template is too large"
      case .notAnObject: "the template must be a JSON object"
      case .json(let error): "\(error)"
      }
    }
  }

  private indirect enum Node: Sendable, Equatable {
    case constant(JSONValue)
    case selector(ClaimSelector)
    case array([Node])
    case object([Member])
  }

  private struct Member: Sendable, Equatable {
    let name: String
    let value: Node
  }

  private static let longestText = 1 << 16
  private static let mostSelectors = 256

  private let members: [Member]

  /// The empty text is a template without claims.
  package init(_ text: String) throws(Malformed) {
    guard text.utf8.count <= Self.longestText else { throw .tooLarge }
    guard !text.isEmpty else {
      members = []
      return
    }
    let (json, selectors) = try Self.extract(Array(text.utf8))
    let value: JSONValue
    do { value = try JSONParser.parse(json) } catch { throw .json(error) }
    guard case .object(let members) = Self.node(value, selectors) else { throw .notAnObject }
    self.members = members
  }

  /// The claims that it makes, at the top.
  package var names: [String] { members.map(\.name) }

  package func claims(for subject: TemplateSubject, now: Timestamp) -> JSONObject {
    guard let object = Self.value(.object(members), subject, now).objectValue else { return [:] }
    return object
  }

  // MARK: Reading

  /// A number that stands where a placeholder was; its place in the list follows. A name cannot be a number, so that a
  /// placeholder is only ever a value.
  private static let marker = Array("8141592653589793238462643383279502884197".utf8)

  private static func extract(_ text: [UInt8]) throws(Malformed) -> (json: [UInt8], selectors: [ClaimSelector]) {
    if text.firstRange(of: marker) != nil { throw .tooLarge }
    var json: [UInt8] = []
    var selectors: [ClaimSelector] = []
    var isInString = false
    var at = 0
    while at < text.count {
      let byte = text[at]
      let isOpening = byte == UInt8(ascii: "{") && at + 1 < text.count && text[at + 1] == UInt8(ascii: "{")
      if isOpening {
        if isInString { throw .quoted }
        guard let end = text[(at + 2)...].firstRange(of: Array("}}".utf8)) else { throw .unbalanced }
        let name = String(decoding: text[(at + 2)..<end.lowerBound], as: UTF8.self)
        guard let selector = ClaimSelector(name) else { throw .unknownSelector(name) }
        guard selectors.count < mostSelectors else { throw .tooLarge }
        json += [UInt8(ascii: " ")] + marker + Array("\(selectors.count) ".utf8)
        selectors.append(selector)
        at = end.upperBound
        continue
      }
      json.append(byte)
      at += 1
      if byte == UInt8(ascii: "\"") {
        isInString.toggle()
      } else if isInString && byte == UInt8(ascii: "\\") && at < text.count {
        json.append(text[at])
        at += 1
      }
    }
    return (json, selectors)
  }

  private static func node(_ value: JSONValue, _ selectors: [ClaimSelector]) -> Node {
    switch value {
    case .number(let number):
      guard number.text.utf8.starts(with: marker), let index = Int(number.text.dropFirst(marker.count)),
        selectors.indices.contains(index)
      else { return .constant(value) }
      return .selector(selectors[index])
    case .array(let values): return .array(values.map { node($0, selectors) })
    case .object(let object):
      return .object(object.members.map { Member(name: $0.name, value: node($0.value, selectors)) })
    case .null, .bool, .string: return .constant(value)
    }
  }

  // MARK: Filling

  private static func value(_ node: Node, _ subject: TemplateSubject, _ now: Timestamp) -> JSONValue {
    switch node {
    case .constant(let value): value
    case .selector(let selector): selector.value(for: subject, now: now)
    case .array(let nodes): .array(nodes.map { value($0, subject, now) })
    case .object(let members):
      .object(JSONObject(members: members.map { .init(name: $0.name, value: value($0.value, subject, now)) }))
    }
  }
}
