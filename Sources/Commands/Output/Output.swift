package import Client
package import JSONText

/// Prints results in the form that was asked for.
package struct Output {
  package let format: OutputFormat
  package let field: String
  package let isDetailed: Bool
  private let environment: CommandEnvironment

  init(format: OutputFormat, field: String, isDetailed: Bool, environment: CommandEnvironment) {
    self.format = format
    self.field = field
    self.isDetailed = isDetailed
    self.environment = environment
  }

  /// Whether the form is for people.
  package var isTable: Bool { format == .table || format == .pretty || format == .raw }

  package func line(_ text: String) { environment.writeOutput(Array((text + "\n").utf8)) }

  /// Without a newline, unless a person looks on.
  func bare(_ text: String) { environment.writeOutput(Array((environment.isOutputTerminal ? text + "\n" : text).utf8)) }

  /// A value for machines; never in table form.
  package func structured(_ value: JSONValue) {
    if format == .yaml {
      // The document already ends with a newline.
      environment.writeOutput(Array(YAMLWriter.text(value).utf8))
    } else {
      line(IndentedJSON.text(value))
    }
  }

  // MARK: Answers

  /// One field where that was asked for, else the whole.
  package func secret(_ secret: Secret) throws(CommandFailure) {
    if !field.isEmpty { return try value(of: field, in: secret) }
    if !isTable { return structured(secret.json) }
    warnings(of: secret)
    let rows = SecretTable.rows(secret)
    if !rows.isEmpty { line(Table.keyValue(rows)) }
  }

  package func value(of field: String, in secret: Secret) throws(CommandFailure) {
    try print(field, SecretTable.value(of: field, in: secret))
  }

  package func value(of field: String, in object: JSONObject) throws(CommandFailure) {
    try print(field, object[field])
  }

  private func print(_ field: String, _ value: JSONValue?) throws(CommandFailure) {
    guard let value, !value.isNull else { throw .local("Field \"\(field)\" not present in secret") }
    switch format {
    case .table, .raw, .pretty: bare(value.plainText)
    case .json: bare(IndentedJSON.text(value.sortedByName))
    case .yaml: bare(YAMLWriter.text(value))
    }
  }

  /// Data without an envelope.
  package func data(_ object: JSONObject) {
    if !isTable { return structured(JSONValue.object(object).sortedByName) }
    let rows = object.sorted.members.map { ($0.name, PlainText.cell($0.name, $0.value)) }
    if !rows.isEmpty { line(Table.keyValue(rows)) }
  }

  /// The keys of a list, with what the answer tells about each where details were asked for.
  func keys(_ secret: Secret) {
    let keys = secret.data?["keys"]?.arrayValue ?? []
    if !isTable {
      if isDetailed, let data = secret.data { return structured(JSONValue.object(data).sortedByName) }
      return structured(.array(keys))
    }
    warnings(of: secret)
    let names = keys.compactMap(\.stringValue).sorted()
    guard isDetailed, let info = secret.data?["key_info"]?.objectValue, !info.isEmpty else {
      return line(Table.text(header: ["Keys"], rows: names.map { [$0] }))
    }
    var columns: Set<String> = []
    for member in info.members { columns.formUnion(member.value.objectValue?.names ?? []) }
    let header = columns.sorted()
    let rows = names.map { name in
      [name] + header.map { column in info[name]?[column].map { PlainText.cell(column, $0) } ?? "" }
    }
    line(Table.text(header: ["Keys"] + header, rows: rows))
  }

  package func warnings(of secret: Secret) {
    guard let warnings = secret.warnings, !warnings.isEmpty else { return }
    environment.writeError("WARNING! The following warnings were returned from Vault:\n", color: .yellow)
    for warning in warnings { environment.writeError("  * \(warning)\n", color: .yellow) }
  }
}
