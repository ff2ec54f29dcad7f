internal import HCL
internal import Primitives

/// What becomes of a key that a stanza may have.
enum KeyTreatment {
  case used
  /// Understood; there is nothing here that it would change, or doing without it is safe. The operator is told so.
  case withoutEffect(String)
  /// Doing without it would not be safe: refused where it is set to anything that asks for the feature.
  case notBuilt(String)
}

/// A body of configuration with the file that it stands in: typed reads that fail with file and line.
struct Stanza {
  let file: String
  /// Such as `listener "tcp"`; empty for a file's top level.
  let title: String
  let labels: [String]
  let line: Int
  let body: HCLBody

  init(file: String, body: HCLBody) {
    self.file = file
    self.body = body
    title = ""
    labels = []
    line = 1
  }

  private init(file: String, name: String, block: HCLBlock) {
    self.file = file
    body = block.body
    title = ([name] + block.labels.map { "\"\($0)\"" }).joined(separator: " ")
    labels = block.labels
    line = block.line
  }

  // MARK: Errors

  func error(_ message: String, at key: String? = nil) -> ConfigurationError {
    let place = key.flatMap { body.item($0)?.line } ?? line
    return ConfigurationError(file: file, line: place, message: title.isEmpty ? message : "\(title): \(message)")
  }

  private func reading<Value>(_ read: () throws(HCLError) -> Value) throws(ConfigurationError) -> Value {
    do throws(HCLError) { return try read() } catch {
      let message = title.isEmpty ? error.message : "\(title): \(error.message)"
      throw ConfigurationError(file: file, line: error.line > 0 ? error.line : line, message: message)
    }
  }

  // MARK: Reads

  /// Nil where the key is not there or empty.
  func string(_ key: String) throws(ConfigurationError) -> String? {
    let text = try reading { () throws(HCLError) in try body.string(key) }
    return text.flatMap { $0.isEmpty ? nil : $0 }
  }

  func bool(_ key: String) throws(ConfigurationError) -> Bool? {
    try reading { () throws(HCLError) in try body.bool(key) }
  }

  func int(_ key: String, in range: ClosedRange<Int64> = .min ... .max) throws(ConfigurationError) -> Int64? {
    guard let value = try reading({ () throws(HCLError) in try body.int(key) }) else { return nil }
    if range.contains(value) { return value }
    let bounds =
      range.upperBound == .max
      ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
    throw error("\"\(key)\" must be \(bounds)", at: key)
  }

  /// A length of time that is not negative.
  func duration(_ key: String) throws(ConfigurationError) -> TimeSpan? {
    guard let value = try reading({ () throws(HCLError) in try body.duration(key) }) else { return nil }
    if value < .zero { throw error("\"\(key)\" must not be negative", at: key) }
    return value
  }

  func strings(_ key: String) throws(ConfigurationError) -> [String]? {
    try reading { () throws(HCLError) in try body.strings(key) }
  }

  /// A map of texts, as a block or an object; numbers and booleans are taken as they are written.
  func texts(_ key: String) throws(ConfigurationError) -> [String: String] {
    var texts: [String: String] = [:]
    for block in try reading({ () throws(HCLError) in try body.blocks(key, labels: 0) }) {
      for name in block.body.keys {
        texts[name] = try reading { () throws(HCLError) in try block.body.string(name) } ?? ""
      }
    }
    return texts
  }

  /// The stanzas of that name; each has exactly `labels` labels.
  func stanzas(_ name: String, labels: Int) throws(ConfigurationError) -> [Stanza] {
    let blocks = try reading { () throws(HCLError) in try body.blocks(name, labels: labels) }
    var stanzas: [Stanza] = []
    for block in blocks {
      let stanza = Stanza(file: file, name: name, block: block)
      if block.labels.count != labels {
        let wanted = labels == 0 ? "takes no label" : labels == 1 ? "needs one label" : "needs \(labels) labels"
        throw ConfigurationError(file: file, line: block.line, message: "a \"\(name)\" stanza \(wanted)")
      }
      stanzas.append(stanza)
    }
    return stanzas
  }

  /// True where the key asks for something: anything but null, false, zero and the empty text, list or object.
  func isSet(_ key: String) -> Bool {
    body.items.contains { item in
      guard item.key == key else { return false }
      switch item.content {
      case .block: return true
      case .attribute(.null): return false
      case .attribute(.bool(let value)): return value
      case .attribute(.number(let number)): return number.double != 0
      case .attribute(.string(let text)): return !["", "0", "false", "f"].contains(text.lowercased())
      case .attribute(.list(let values)): return !values.isEmpty
      case .attribute(.object(let body)): return !body.isEmpty
      }
    }
  }

  /// Looks at every key: refuses what must be refused, and returns remarks about the rest.
  func review(_ treatments: [String: KeyTreatment]) throws(ConfigurationError) -> [String] {
    var remarks: [String] = []
    let owner = title.isEmpty ? "" : "\(title): "
    for item in body.items {
      let place = ConfigurationError.place(file, item.line) + owner
      switch treatments[item.key] {
      case .used: break
      case nil: remarks.append("\(place)unknown key \"\(item.key)\" is ignored")
      case .withoutEffect(let reason):
        if isSet(item.key) { remarks.append("\(place)\"\(item.key)\" has no effect: \(reason)") }
      case .notBuilt(let reason):
        if isSet(item.key) { throw error("\"\(item.key)\" is not supported yet: \(reason)", at: item.key) }
      }
    }
    return remarks
  }
}

/// Keys of one treatment each, put together from lists.
func treatments(
  used: [String], withoutEffect: [(String, [String])] = [], notBuilt: [(String, [String])] = []
) -> [String: KeyTreatment] {
  var table: [String: KeyTreatment] = [:]
  for key in used { table[key] = .used }
  for (reason, keys) in withoutEffect { for key in keys { table[key] = .withoutEffect(reason) } }
  for (reason, keys) in notBuilt { for key in keys { table[key] = .notBuilt(reason) } }
  return table
}
