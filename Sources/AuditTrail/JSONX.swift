internal import JSONText
internal import Primitives

/// JSON in XML (the JSONx draft, draft-rsalz-jsonx-00), for collectors that read nothing else.
enum JSONX {
  /// One line without its line feed.
  static func encode(_ value: JSONValue) -> [UInt8] {
    var out: [UInt8] = []
    element(value, name: nil, isRoot: true, into: &out)
    return out
  }

  private static let namespaces =
    " xmlns:json=\"http://www.ibm.com/xmlns/prod/2009/jsonx\""
    + " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
    + " xsi:schemaLocation=\"http://www.datapower.com/schemas/json jsonx.xsd\""

  private static func element(_ value: JSONValue, name: String?, isRoot: Bool, into out: inout [UInt8]) {
    let tag =
      switch value {
      case .null: "json:null"
      case .bool: "json:boolean"
      case .number: "json:number"
      case .string: "json:string"
      case .array: "json:array"
      case .object: "json:object"
      }
    out.append(contentsOf: "<\(tag)".utf8)
    if isRoot { out.append(contentsOf: namespaces.utf8) }
    if let name {
      out.append(contentsOf: " name=\"".utf8)
      escape(name, into: &out)
      out.append(UInt8(ascii: "\""))
    }
    if value.isNull { return out.append(contentsOf: " />".utf8) }
    out.append(UInt8(ascii: ">"))
    switch value {
    case .null: break
    case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
    case .number(let number): out.append(contentsOf: number.text.utf8)
    case .string(let text): escape(text, into: &out)
    case .array(let values): for value in values { element(value, name: nil, isRoot: false, into: &out) }
    case .object(let object):
      for member in object.members { element(member.value, name: member.name, isRoot: false, into: &out) }
    }
    out.append(contentsOf: "</\(tag)>".utf8)
  }

  /// XML has no way to write most control characters; they become the replacement character.
  private static func escape(_ text: String, into out: inout [UInt8]) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out.append(contentsOf: "&amp;".utf8)
      case "<": out.append(contentsOf: "&lt;".utf8)
      case ">": out.append(contentsOf: "&gt;".utf8)
      case "\"": out.append(contentsOf: "&#34;".utf8)
      case "'": out.append(contentsOf: "&#39;".utf8)
      case "\n": out.append(contentsOf: "&#xA;".utf8)
      case "\r": out.append(contentsOf: "&#xD;".utf8)
      case "\t": out.append(contentsOf: "&#x9;".utf8)
      case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": out.append(contentsOf: "\u{FFFD}".utf8)
      default: out.append(contentsOf: String(scalar).utf8)
      }
    }
  }
}

extension JSONValue {
  /// Without what the pointer leads to.
  func removing(_ pointer: ArraySlice<String>) -> JSONValue {
    guard let first = pointer.first else { return self }
    let rest = pointer.dropFirst()
    switch self {
    case .object(var object):
      object[first] = rest.isEmpty ? nil : object[first]?.removing(rest)
      return .object(object)
    case .array(var values):
      guard let index = Int(first), values.indices.contains(index) else { return self }
      if rest.isEmpty { values.remove(at: index) } else { values[index] = values[index].removing(rest) }
      return .array(values)
    case .null, .bool, .number, .string: return self
    }
  }
}
