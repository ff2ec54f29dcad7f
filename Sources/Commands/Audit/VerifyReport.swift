internal import AuditChain
internal import JSONText

/// What `audit verify` prints.
struct VerifyReport {
  /// The rest is counted: a log that somebody went through with a tool has more than anybody reads.
  private static let mostShown = 100

  private let files: [String]
  private let output: Output
  private var shown: [JSONValue] = []
  private var faults = 0
  private var unfinished = 0

  init(files: [String], output: Output) {
    self.files = files
    self.output = output
  }

  /// 0 whole, 2 not as it was written, 3 only the last line is not whole.
  var status: Int32 { faults > 0 ? 2 : unfinished > 0 ? 3 : 0 }

  mutating func add(_ findings: [ChainVerifier.Finding]) {
    for finding in findings {
      if finding.kind == .unfinished { unfinished += 1 } else if !finding.kind.isRemark { faults += 1 }
      if shown.count == Self.mostShown { continue }
      let file = finding.file < files.count ? files[finding.file] : ""
      let object: JSONObject = [
        "file": .string(file), "kind": .string(finding.kind.rawValue), "line": .int(finding.line),
        "message": .string(finding.message),
      ]
      shown.append(.object(object))
      if output.isTable {
        let place = finding.line > 0 ? "\(file):\(finding.line)" : file
        output.line("\(place): \(finding.message)")
      }
    }
  }

  func finish(_ verifier: ChainVerifier) {
    let verdict = faults > 0 ? "altered" : unfinished > 0 ? "unfinished" : "whole"
    if !output.isTable {
      var result: JSONObject = [
        "verdict": .string(verdict), "files": .strings(files), "entries": .int(verifier.entries),
        "findings": .array(shown), "faults": .int(faults),
      ]
      if let head = verifier.head {
        result["first"] = .int(verifier.first)
        result["head"] = ["id": .string(head.id), "seq": .int(head.sequence), "hash": .string(head.hash)]
      }
      return output.structured(.object(result))
    }
    if faults > Self.mostShown { output.line("… and more: \(faults) in all") }
    switch verdict {
    case "altered": output.line("The log is NOT as it was written.")
    case "unfinished": output.line("The log is whole up to its last line, which is not.")
    default: output.line("The log is whole: \(verifier.entries) entries.")
    }
    if let head = verifier.head { output.line("Newest entry: \(head.sequence):\(head.hash)") }
  }
}
