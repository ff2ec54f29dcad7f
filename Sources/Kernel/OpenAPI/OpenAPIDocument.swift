package import EngineAPI
package import JSONText

/// The API in OpenAPI 3.0.2, made from the routes.
package struct OpenAPIDocument {
  private let version: String
  private var paths: [(String, JSONObject)] = []

  package init(version: String) { self.version = version }

  package mutating func add(
    _ routes: [MountedEngine.BoundRoute], below prefix: String, tag: String, mountParameter: String?
  ) {
    for route in routes where !route.traits.contains(.hidden) {
      let path = "/" + prefix + Self.template(route.pattern)
      guard !paths.contains(where: { $0.0 == path }) else { continue }
      paths.append((path, Self.item(route, tag: tag, mountParameter: mountParameter)))
    }
  }

  package var json: JSONObject {
    [
      "openapi": "3.0.2",
      "info": [
        "title": "Coffer API", "description": "The HTTP API. All endpoints lie below `/v1/`.",
        "version": .string(version), "license": ["name": "Apache-2.0"],
      ],
      "paths": .object(JSONObject(members: paths.map { JSONObject.Member(name: $0.0, value: .object($0.1)) })),
      "components": ["schemas": [:]],
    ]
  }

  private static func template(_ pattern: PathPattern) -> String {
    pattern.segments.map { segment in
      switch segment {
      case .literal(let text): text
      case .name(let name), .any(let name), .rest(let name, _): "{\(name)}"
      }
    }.joined(separator: "/") + (pattern.slashIsOptional ? "/" : "")
  }

  private static func item(
    _ route: MountedEngine.BoundRoute, tag: String, mountParameter: String?
  ) -> JSONObject {
    var item: JSONObject = ["description": .string(route.summary)]
    var captured: Set<String> = []
    var parameters: [JSONValue] = []
    for segment in route.pattern.segments {
      guard case .name(let name) = segment.asHole else { continue }
      captured.insert(name)
      let help = route.fields.first { $0.name == name }?.help ?? ""
      parameters.append(parameter(name, in: "path", schema: ["type": "string"], help: help))
    }
    if let mountParameter {
      parameters.append(
        parameter(mountParameter, in: "path", schema: ["type": "string"], help: "Where the engine is mounted."))
    }
    if !parameters.isEmpty { item["parameters"] = .array(parameters) }
    if route.traits.contains(.sudo) { item["x-vault-sudo"] = true }
    if route.traits.contains(.unauthenticated) { item["x-vault-unauthenticated"] = true }
    let fields = route.fields.filter { !captured.contains($0.name) }
    if route.operations.contains(.update) || route.operations.contains(.create) {
      item["post"] = .object(operation(route, tag, body: fields, mediaType: "application/json"))
      if route.exists != nil { item["x-vault-createSupported"] = true }
    }
    if route.operations.contains(.patch) {
      item["patch"] = .object(operation(route, tag, body: fields, mediaType: "application/merge-patch+json"))
    }
    if route.operations.contains(.read) || route.operations.contains(.list) {
      var get = operation(route, tag, body: [], mediaType: "")
      if route.operations.contains(.list) {
        var list = parameter("list", in: "query", schema: ["type": "string", "enum": ["true"]], help: "Lists names.")
        if !route.operations.contains(.read) { list = required(list) }
        get["parameters"] = .array([list])
      }
      item["get"] = .object(get)
    }
    if route.operations.contains(.delete) {
      item["delete"] = .object(operation(route, tag, body: [], mediaType: ""))
    }
    return item
  }

  private static func required(_ parameter: JSONValue) -> JSONValue {
    var object = parameter.objectValue ?? [:]
    object["required"] = true
    return .object(object)
  }

  private static func parameter(_ name: String, in place: String, schema: JSONValue, help: String) -> JSONValue {
    var object: JSONObject = [
      "name": .string(name), "description": .string(help), "in": .string(place), "schema": schema,
    ]
    if place == "path" { object["required"] = true }
    return .object(object)
  }

  private static func operation(
    _ route: MountedEngine.BoundRoute, _ tag: String, body: [FieldDescription], mediaType: String
  ) -> JSONObject {
    var operation: JSONObject = [
      "summary": .string(route.summary), "tags": [.string(tag)], "responses": ["200": ["description": "OK"]],
    ]
    guard !body.isEmpty else { return operation }
    let schema: JSONObject = [
      "type": "object",
      "properties": .object(
        JSONObject(members: body.map { JSONObject.Member(name: $0.name, value: .object(property($0))) })),
    ]
    operation["requestBody"] = ["content": .object(JSONObject([(mediaType, ["schema": .object(schema)] as JSONValue)]))]
    return operation
  }

  private static func property(_ field: FieldDescription) -> JSONObject {
    var property: JSONObject = ["description": .string(field.help)]
    switch field.kind {
    case .string: property["type"] = "string"
    case .bool: property["type"] = "boolean"
    case .int: property["type"] = "integer"
    case .double: property["type"] = "number"
    case .duration:
      property["type"] = "string"
      property["format"] = "duration"
    case .strings:
      property["type"] = "array"
      property["items"] = ["type": "string"]
    case .ints:
      property["type"] = "array"
      property["items"] = ["type": "integer"]
    case .keyValues, .object: property["type"] = "object"
    case .any: break
    }
    if field.isDeprecated { property["deprecated"] = true }
    if field.isSecret { property["x-vault-displayAttrs"] = ["sensitive": true] }
    return property
  }
}

extension PathPattern.Segment {
  /// Any kind of hole as a named one; literals stay.
  fileprivate var asHole: PathPattern.Segment {
    switch self {
    case .literal: self
    case .name(let name), .any(let name), .rest(let name, _): .name(name)
    }
  }
}
