/// Text in columns, four blanks apart. Empty cells say `n/a`, so that columns can be counted.
package enum Table {
  /// With a rule under the first row.
  static func text(header: [String], rows: [[String]]) -> String {
    aligned([header, header.map { String(repeating: "-", count: $0.count) }] + rows)
  }

  static func keyValue(_ rows: [(String, String)]) -> String {
    text(header: ["Key", "Value"], rows: rows.map { [$0.0, $0.1] })
  }

  /// Without any rule.
  package static func aligned(_ rows: [[String]]) -> String {
    var widths: [Int] = []
    let cells = rows.map { row in row.map { $0.isEmpty ? "n/a" : $0 } }
    for row in cells {
      for (i, cell) in row.enumerated() {
        if i == widths.count { widths.append(0) }
        widths[i] = max(widths[i], cell.unicodeScalars.count)
      }
    }
    return cells.map { row in
      var line = ""
      for (i, cell) in row.enumerated() {
        line += cell
        if i < row.count - 1 {
          line += String(repeating: " ", count: widths[i] - cell.unicodeScalars.count + 4)
        }
      }
      return line
    }.joined(separator: "\n")
  }

  /// A title between equal signs, as wide as what stands below it.
  static func title(_ title: String, width: Int) -> String {
    var signs = width - title.count - 2
    if signs <= 0 { signs = 4 }
    let side = String(repeating: "=", count: (signs + 1) / 2)
    return "\(side) \(title) \(side)"
  }

  /// A title over a table of these keys.
  static func title(_ title: String, over keys: [String]) -> String {
    // The longest key, the gap, and the word "Value".
    self.title(title, width: (keys.map(\.count).max() ?? 0) + 4 + 5)
  }
}
