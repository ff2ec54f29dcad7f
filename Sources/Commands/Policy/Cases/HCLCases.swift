internal import HCL
internal import JSONText

/// A test file in HCL as the tree that the other notations have: `policy "name" { … }` and `case "name" { … }`.
enum HCLCases {
  static func object(_ body: HCLBody) throws(HCLError) -> JSONObject {
    if let item = body.duplicateAttribute {
      throw HCLError(message: "\"\(item.key)\" is there twice", line: item.line, column: item.column)
    }
    if let unknown = body.items.first(where: { $0.key != "policy" && $0.key != "case" }) {
      throw HCLError(
        message: "\"\(unknown.key)\" is not known: policy and case blocks are", line: unknown.line,
        column: unknown.column)
    }
    var policies = JSONObject()
    for block in try body.blocks("policy") {
      let name = try label(block, "policy")
      if policies[name] != nil {
        throw HCLError(message: "the policy \"\(name)\" is there twice", line: block.line, column: block.column)
      }
      policies[name] = .object(tree(block.body))
    }
    var cases: [JSONValue] = []
    for block in try body.blocks("case") {
      var members = tree(block.body)
      members["name"] = .string(try label(block, "case"))
      cases.append(.object(members))
    }
    return ["policies": .object(policies), "cases": .array(cases)]
  }

  private static func label(_ block: HCLBlock, _ kind: String) throws(HCLError) -> String {
    guard let label = block.labels.first, block.labels.count == 1 else {
      throw HCLError(message: "a \(kind) block has one name", line: block.line, column: block.column)
    }
    return label
  }

  private static func tree(_ body: HCLBody) -> JSONObject {
    var object = JSONObject()
    for item in body.items {
      switch item.content {
      case .attribute(let value): object[item.key] = tree(value)
      // `aliases "accessor" { … }` stands for a map with that key.
      case .block(let labels, let body):
        var inner = JSONValue.object(tree(body))
        for label in labels.reversed() { inner = .object(JSONObject([(label, inner)])) }
        object[item.key] = merged(object[item.key], inner)
      }
    }
    return object
  }

  private static func merged(_ known: JSONValue?, _ more: JSONValue) -> JSONValue {
    guard var object = known?.objectValue, let added = more.objectValue else { return more }
    for member in added.members { object[member.name] = member.value }
    return .object(object)
  }

  private static func tree(_ value: HCLValue) -> JSONValue {
    switch value {
    case .null: .null
    case .bool(let bool): .bool(bool)
    case .number(let number): .number(JSONNumber(text: number.jsonText))
    case .string(let text): .string(text)
    case .list(let values): .array(values.map(tree))
    case .object(let body): .object(tree(body))
    }
  }
}
