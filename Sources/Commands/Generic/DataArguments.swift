internal import JSONText

/// Data as people type it: `key=value`, `key=@file`, `key=-`, `@file` and `-` with a JSON object inside.
struct DataArguments {
  private let environment: CommandEnvironment
  private var hasReadInput = false
  private(set) var data = JSONObject()

  private init(_ environment: CommandEnvironment) { self.environment = environment }

  /// A key that is given twice becomes a list.
  static func parse(_ words: some Sequence<String>, _ environment: CommandEnvironment) throws(CommandFailure)
    -> JSONObject
  {
    var arguments = DataArguments(environment)
    for word in words {
      do throws(FileError) { try arguments.add(word) } catch {
        throw .local("Failed to parse K=V data: invalid key/value pair \"\(word)\": \(error)")
      }
    }
    return arguments.data.sorted
  }

  /// The same where all values must be texts, for query parameters.
  static func query(
    _ words: some Sequence<String>, _ environment: CommandEnvironment
  ) throws(CommandFailure) -> [(name: String, value: String)] {
    var items: [(name: String, value: String)] = []
    for member in try parse(words, environment).members {
      for value in member.value.arrayValue ?? [member.value] { items.append((member.name, value.plainText)) }
    }
    return items
  }

  private mutating func add(_ word: String) throws(FileError) {
    if word.isEmpty { return }
    if word.hasPrefix("@") { return try merge(try read(String(word.dropFirst()))) }
    if word == "-" { return try merge(try input()) }
    guard let equals = word.firstIndex(of: "=") else { throw FileError("format must be key=value") }
    let key = String(word[..<equals])
    var text = String(word[word.index(after: equals)...])
    if key.isEmpty { throw FileError("format must be key=value") }
    if text.hasPrefix("@") {
      let bytes: [UInt8]
      do throws(FileError) { bytes = try read(String(text.dropFirst())) } catch {
        throw FileError("error reading file: \(error)")
      }
      text = String(decoding: bytes, as: UTF8.self)
    } else if text.hasPrefix("\\@") {
      text.removeFirst()
    } else if text == "-" {
      text = String(decoding: try input(), as: UTF8.self)
    }
    set(key, .string(text))
  }

  private mutating func set(_ key: String, _ value: JSONValue) {
    switch data[key] {
    case nil: data[key] = value
    case .array(let values)?: data[key] = .array(values + [value])
    case let first?: data[key] = .array([first, value])
    }
  }

  private mutating func merge(_ bytes: [UInt8]) throws(FileError) {
    let parsed: JSONValue
    do throws(JSONError) { parsed = try JSONParser.parse(bytes, limits: .unlimited) } catch {
      throw FileError(error.description)
    }
    guard case .object(let object) = parsed else { throw FileError("expected a JSON object") }
    for member in object.members { set(member.name, member.value) }
  }

  private func read(_ path: String) throws(FileError) -> [UInt8] { try environment.files.read(path).get() }

  private mutating func input() throws(FileError) -> [UInt8] {
    if hasReadInput { throw FileError("stdin already consumed") }
    hasReadInput = true
    return environment.readInput()
  }
}
