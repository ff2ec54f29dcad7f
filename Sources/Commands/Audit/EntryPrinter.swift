internal import JSONText

/// Prints entries one by one, so that none has to be kept: in columns of fixed width, or as the elements of a list.
struct EntryPrinter {
  let output: Output

  func print(_ entry: AuditEntry, isFirst: Bool) {
    switch output.format {
    case .json: output.line((isFirst ? "[" : ",") + "\n" + JSONText(entry.json).string)
    case .yaml: output.structured(.array([entry.json]))
    case .table, .pretty, .raw:
      if isFirst {
        let header = ["Time", "Type", "Operation", "Remote", "Who", "Path"]
        row(header)
        row(header.map { String(repeating: "-", count: $0.count) })
      }
      let who = entry.displayName.isEmpty ? entry.entityID : entry.displayName
      let path = entry.error.isEmpty ? entry.path : "\(entry.path)  (\(entry.error))"
      row([entry.json["time"]?.stringValue ?? "", entry.type, entry.operation, entry.remoteAddress, who, path])
    }
  }

  func finish(count: Int) {
    switch output.format {
    case .json: output.line(count == 0 ? "[]" : "]")
    case .yaml: if count == 0 { output.structured([]) }
    case .table, .pretty, .raw: if count == 0 { output.line("No entries match.") }
    }
  }

  private func row(_ cells: [String]) {
    let widths = [30, 8, 9, 15, 20]
    var line = ""
    for (index, cell) in cells.enumerated() {
      // What a client sent must not move the cursor of whoever reads the log.
      let text = String(String.UnicodeScalarView(cell.unicodeScalars.map { Self.isControl($0) ? "\u{FFFD}" : $0 }))
      let shown = text.isEmpty ? "n/a" : text
      line += shown
      guard index < widths.count else { continue }
      line += String(repeating: " ", count: max(0, widths[index] - shown.unicodeScalars.count) + 2)
    }
    output.line(line)
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
  }
}
