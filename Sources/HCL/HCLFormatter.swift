/// Writes HCL in its canonical form: two blanks a level, an item a line, `=` of neighbouring lines in one column,
/// comments kept.
package enum HCLFormatter {
  /// Fails where the text is not HCL; JSON is not.
  package static func format(_ text: String, limits: HCLLimits = .standard) throws(HCLError) -> String {
    _ = try HCLParser.parse(hcl: text, limits: limits)
    var outline = HCLOutline(text)
    let entries = try outline.entries(until: .endOfText)
    var layout = HCLLayout()
    layout.entries(entries, depth: 0)
    return layout.text
  }
}

/// A text with its comments in their places. Texts are as written.
struct HCLOutline {
  indirect enum Value {
    case word(String)
    case list([Element])
    case object([Entry])
  }

  struct Element {
    var before: [String] = []
    /// Nil for comments behind the last element.
    var value: Value?
    var behind: String?
  }

  struct Entry {
    /// Comments on the lines right above, or the whole entry where it has no value.
    var above: [String]
    var head: String
    var isAssigned: Bool
    var value: Value?
    var behind: String?
    var firstLine: Int
    var lastLine: Int
  }

  private var scanner: HCLScanner
  private var held: HCLToken?
  /// Where the token that was taken last ends.
  private var line = 1

  init(_ text: String) { scanner = HCLScanner(text) }

  mutating func entries(until end: HCLTokenKind) throws(HCLError) -> [Entry] {
    var out: [Entry] = []
    var comments: [HCLToken] = []
    func standing(_ comments: [HCLToken]) -> Entry? {
      guard let first = comments.first, let last = comments.last else { return nil }
      return Entry(
        above: comments.map { Self.clean($0.text) }, head: "", isAssigned: false, firstLine: first.start.line,
        lastLine: last.endLine)
    }
    while true {
      let token = try next()
      switch token.kind {
      case end, .endOfText:
        if let entry = standing(comments) { out.append(entry) }
        return out
      case .comma: continue
      case .comment:
        if let last = comments.last, token.start.line > last.endLine + 1 {
          if let entry = standing(comments) { out.append(entry) }
          comments = []
        }
        comments.append(token)
      default:
        if let last = comments.last, token.start.line > last.endLine + 1 {
          if let entry = standing(comments) { out.append(entry) }
          comments = []
        }
        var entry = try entry(token)
        entry.above = comments.map { Self.clean($0.text) } + entry.above
        entry.firstLine = comments.first?.start.line ?? entry.firstLine
        comments = []
        entry.behind = try commentBehind()
        out.append(entry)
      }
    }
  }

  private mutating func entry(_ first: HCLToken) throws(HCLError) -> Entry {
    var keys: [String] = []
    var inner: [String] = []
    var token = first
    while token.kind != .assign && token.kind != .objectStart {
      switch token.kind {
      case .comment: inner.append(Self.clean(token.text))
      case .identifier, .string: keys.append(token.text)
      default: throw token.error("unexpected \(token.kind.rawValue)")
      }
      token = try next()
    }
    let isAssigned = token.kind == .assign
    if isAssigned {
      token = try next()
      while token.kind == .comment {
        inner.append(Self.clean(token.text))
        token = try next()
      }
    }
    let value = try value(token)
    // Comments at places where none can stand move to the lines above.
    return Entry(
      above: inner, head: keys.joined(separator: " "), isAssigned: isAssigned, value: value,
      firstLine: first.start.line, lastLine: line)
  }

  private mutating func value(_ token: HCLToken) throws(HCLError) -> Value {
    switch token.kind {
    case .objectStart: return .object(try entries(until: .objectEnd))
    case .listStart: return .list(try elements(token))
    default: return .word(token.text)
    }
  }

  private mutating func elements(_ bracket: HCLToken) throws(HCLError) -> [Element] {
    var out: [Element] = []
    var comments: [String] = []
    while true {
      let token = try next()
      switch token.kind {
      case .listEnd, .endOfText:
        if !comments.isEmpty { out.append(Element(before: comments)) }
        return out
      case .comma:
        if let comment = try commentBehind(), let last = out.indices.last {
          out[last].behind = out[last].behind.map { "\($0) \(comment)" } ?? comment
        }
      case .comment: comments.append(Self.clean(token.text))
      default:
        var element = Element(before: comments)
        comments = []
        // A line break before an element is kept as one; the layout looks for it here.
        if token.start.line > bracket.start.line, element.before.isEmpty, out.isEmpty { element.before = [""] }
        element.value = try value(token)
        element.behind = try commentBehind()
        out.append(element)
      }
    }
  }

  /// A comment that begins on the line where the last token ended.
  private mutating func commentBehind() throws(HCLError) -> String? {
    let token = try scan()
    if token.kind == .comment, token.start.line == line, !token.text.contains("\n") {
      line = token.endLine
      return Self.clean(token.text)
    }
    held = token
    return nil
  }

  private mutating func scan() throws(HCLError) -> HCLToken {
    if let token = held {
      held = nil
      return token
    }
    return try scanner.next()
  }

  private mutating func next() throws(HCLError) -> HCLToken {
    let token = try scan()
    line = token.endLine
    return token
  }

  private static func clean(_ comment: String) -> String {
    comment.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      var line = line.unicodeScalars
      while let last = line.last, last == " " || last == "\t" || last == "\r" { line.removeLast() }
      return String(line)
    }.joined(separator: "\n")
  }
}

/// Puts an outline on lines.
struct HCLLayout {
  private(set) var text = ""

  mutating func entries(_ entries: [HCLOutline.Entry], depth: Int) {
    var at = 0
    while at < entries.count {
      // A run of short assignments on neighbouring lines shares its columns.
      var end = at + 1
      if Self.isShort(entries[at]) {
        while end < entries.count, Self.isShort(entries[end]), !Self.isApart(entries[end - 1], entries[end]) {
          end += 1
        }
        run(entries[at..<end], depth: depth)
      } else {
        entry(entries[at], depth: depth)
      }
      if end < entries.count, Self.isApart(entries[end - 1], entries[end]) { text += "\n" }
      at = end
    }
  }

  private static func isShort(_ entry: HCLOutline.Entry) -> Bool {
    guard entry.isAssigned, let value = entry.value else { return false }
    return inline(value) != nil
  }

  /// Whether a blank line stands between two entries.
  private static func isApart(_ a: HCLOutline.Entry, _ b: HCLOutline.Entry) -> Bool {
    if b.firstLine > a.lastLine + 1 || a.value == nil { return true }
    let isLow = { (entry: HCLOutline.Entry) in entry.value.map { inline($0) != nil } ?? true }
    return !isLow(a) || !isLow(b)
  }

  /// The text of a value that fits on a line.
  private static func inline(_ value: HCLOutline.Value) -> String? {
    switch value {
    case .word(let word): return word.hasPrefix("<<") || word.contains("\n") ? nil : word
    case .object(let entries): return entries.isEmpty ? "{}" : nil
    case .list(let elements):
      var parts: [String] = []
      for element in elements {
        guard element.before.isEmpty, element.behind == nil, let value = element.value, let part = inline(value) else {
          return nil
        }
        parts.append(part)
      }
      return "[" + parts.joined(separator: ", ") + "]"
    }
  }

  private mutating func run(_ entries: ArraySlice<HCLOutline.Entry>, depth: Int) {
    let lines = entries.map { ($0, $0.value.flatMap(Self.inline) ?? "") }
    let keyWidth = lines.map { $0.0.head.unicodeScalars.count }.max() ?? 0
    let valueWidth = lines.filter { $0.0.behind != nil }.map { $0.1.unicodeScalars.count }.max() ?? 0
    for (entry, value) in lines {
      comments(entry.above, depth: depth)
      var line = Self.padded(entry.head, keyWidth) + " = "
      line += entry.behind.map { Self.padded(value, valueWidth) + " " + $0 } ?? value
      self.line(line, depth: depth)
    }
  }

  private mutating func entry(_ entry: HCLOutline.Entry, depth: Int) {
    comments(entry.above, depth: depth)
    guard let value = entry.value else { return }
    indent(depth)
    text += entry.head + (entry.isAssigned ? " = " : " ")
    self.value(value, depth: depth)
    if let behind = entry.behind { text += " " + behind }
    text += "\n"
  }

  private mutating func value(_ value: HCLOutline.Value, depth: Int) {
    if let inline = Self.inline(value) {
      text += inline
      return
    }
    switch value {
    case .word(let word): text += word.unicodeScalars.last == "\r" ? String(word.unicodeScalars.dropLast()) : word
    case .object(let entries):
      text += "{\n"
      self.entries(entries, depth: depth + 1)
      indent(depth)
      text += "}"
    case .list(let elements):
      text += "[\n"
      for element in elements {
        comments(element.before.filter { !$0.isEmpty }, depth: depth + 1)
        guard let value = element.value else { continue }
        indent(depth + 1)
        self.value(value, depth: depth + 1)
        if case .word(let word) = value, word.hasPrefix("<<") {
          // The marker of a heredoc stands alone on its line.
          text += "\n"
          indent(depth + 1)
        }
        text += ","
        if let behind = element.behind { text += " " + behind }
        text += "\n"
      }
      indent(depth)
      text += "]"
    }
  }

  private mutating func comments(_ comments: [String], depth: Int) {
    for comment in comments { line(comment, depth: depth) }
  }

  private mutating func line(_ line: String, depth: Int) {
    indent(depth)
    text += line
    text += "\n"
  }

  private mutating func indent(_ depth: Int) { for _ in 0..<depth { text += "  " } }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.unicodeScalars.count))
  }
}
