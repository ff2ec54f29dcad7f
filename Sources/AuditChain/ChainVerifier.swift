package import AuditAPI

/// Reads the lines of a chained log in their order and says where it is not as it was written. Memory does not grow
/// with the log.
package struct ChainVerifier {
  package enum Kind: String, Sendable {
    /// The line's bytes are not those that were hashed.
    case changed
    /// Entries that were written are not there.
    case missing
    /// An entry stands where one with a later number stood before.
    case reordered
    /// The line has no link at all.
    case foreign
    /// A chain begins that does not go on from the one before.
    case restarted
    /// A chain begins that says which entry of the one before it follows, and that entry is there.
    case declaredRestart = "declared_restart"
    /// A digest that was kept elsewhere is not met.
    case anchor
    /// The last line is not whole: a crash, or a cut.
    case unfinished
    /// A crash tore an entry, and the server said so when it went on.
    case torn
    /// Lines from before the chain.
    case uncovered

    /// Whether the log is as good as whole with it.
    package var isRemark: Bool { self == .torn || self == .uncovered || self == .declaredRestart }
  }

  package struct Finding: Sendable, Equatable {
    package let kind: Kind
    /// Index of the file, in the order they were read.
    package let file: Int
    /// From 1.
    package let line: Int
    package let message: String
  }

  private struct Last {
    var id: String
    /// Nil after a line whose number cannot be trusted.
    var sequence: Int64?
    var hash: String
  }

  private struct Unlinked {
    let file: Int
    let line: Int
    let fragment: ChainLink.Fragment
    let isWhole: Bool
  }

  private let key: ChainKey
  private let acceptsMissingBeginning: Bool
  private let anchors: [Anchor]
  private var unmet: [Bool]
  /// Where an entry has the number of an anchor and not its hash.
  private var mismatches: [(file: Int, line: Int)?]
  private var recent = RecentHashes()
  /// The last line so far has an entry and no line feed, which is well where the next one goes on from it.
  private var unended: (file: Int, line: Int)?
  private var file = 0
  private var line = 0
  private var last: Last?
  private var unlinked: Unlinked?
  private var uncovered = 0
  private var beginning: (link: ChainLink, file: Int, line: Int)?
  /// Reported since the last call of `take`.
  private var findings: [Finding] = []

  /// Of the entries that are linked.
  package private(set) var entries = 0
  package private(set) var first: Int64 = 0
  /// The newest entry.
  package private(set) var head: AuditChainHead?

  /// - Parameters:
  ///   - anchors: entries that must be there, as digests that were kept elsewhere say.
  ///   - acceptsMissingBeginning: the log may begin in the middle, as after old files were deleted.
  package init(key: ChainKey, anchors: [Anchor] = [], acceptsMissingBeginning: Bool = false) {
    self.key = key
    self.anchors = anchors
    self.acceptsMissingBeginning = acceptsMissingBeginning
    unmet = anchors.map { _ in true }
    mismatches = anchors.map { _ in nil }
  }

  /// An entry's number and hash.
  package struct Anchor: Sendable, Equatable {
    package let sequence: Int64
    package let hash: String

    package init(sequence: Int64, hash: String) {
      self.sequence = sequence
      self.hash = hash
    }
  }

  /// What was found since the last call.
  package mutating func take() -> [Finding] {
    defer { findings = [] }
    return findings
  }

  /// Another file follows.
  package mutating func nextFile() {
    file &+= 1
    line = 0
  }

  /// - Parameters:
  ///   - bytes: without the line feed.
  ///   - isWhole: there was a line feed.
  package mutating func read(_ bytes: ArraySlice<UInt8>, isWhole: Bool = true) {
    line &+= 1
    guard let link = ChainLink(line: bytes) else {
      reportUnended()
      return readUnlinked(bytes, isWhole)
    }
    if link.previous != last?.hash { reportUnended() }
    unended = nil
    settle(link)
    entries &+= 1
    let isTrue = link.isKeyed == key.isKeyed && link.isTrue(of: bytes, key: key)
    if isTrue {
      place(link)
    } else if link.isKeyed, !key.isKeyed {
      report(.changed, "is hashed with a key, which is needed to check it")
    } else if !link.isKeyed, key.isKeyed {
      report(.changed, "is hashed without the key")
    } else {
      report(.changed, "is not as it was written")
    }
    last = Last(id: link.id, sequence: isTrue ? link.sequence : nil, hash: link.hash)
    if isTrue {
      head = link.head
      recent.add(link.head)
      meet(link.sequence, link.hash)
    }
    if !isWhole { unended = (file, line) }
  }

  private mutating func reportUnended() {
    guard let (file, line) = unended else { return }
    unended = nil
    report(.unfinished, "has no line feed at its end: a crash, or the end was cut", file, line)
  }

  /// To be called once, when all was read.
  package mutating func finish() {
    reportUnended()
    if let left = unlinked {
      unlinked = nil
      if left.isWhole {
        foreign(left)
      } else {
        report(.unfinished, "is not whole: a crash, or the end was cut", left.file, left.line)
      }
    }
    if let beginning { settleBeginning(beginning.link, beginning.file, beginning.line) }
    if last == nil { report(.foreign, "there is no entry with a link", file, 0) }
    for (index, anchor) in anchors.enumerated() where unmet[index] {
      if let (file, line) = mismatches[index] {
        report(.anchor, "is entry \(anchor.sequence), and not the one of the digest that was kept", file, line)
      } else {
        report(.anchor, "entry \(anchor.sequence) of the digest that was kept is not there", file, line)
      }
    }
  }

  /// The first entry goes on from one that is not there.
  private mutating func settleBeginning(_ link: ChainLink, _ file: Int, _ line: Int) {
    let before = link.follows ?? AuditChainHead(id: link.id, sequence: link.sequence &- 1, hash: link.previous)
    let isAnchored = anchors.contains { $0.sequence == before.sequence && $0.hash == before.hash }
    meet(before.sequence, before.hash)
    if isAnchored || acceptsMissingBeginning { return }
    let message =
      link.follows == nil
      ? "is entry \(link.sequence); the entries before it are not there"
      : "begins a chain after entry \(before.sequence) of another one, which is not there"
    report(.missing, message, file, line)
  }

  // MARK: One line

  private mutating func readUnlinked(_ bytes: ArraySlice<UInt8>, _ isWhole: Bool) {
    if let before = unlinked { foreign(before) }
    unlinked = nil
    if last == nil, isWhole, bytes.last == UInt8(ascii: "}") {
      if uncovered == 0 { report(.uncovered, "stands before the chain begins and is not covered by it") }
      uncovered &+= 1
      return
    }
    unlinked = Unlinked(file: file, line: line, fragment: ChainLink.Fragment(bytes), isWhole: isWhole)
  }

  /// What stood before the line without a link is either what the line says a crash left, or does not belong there.
  private mutating func settle(_ link: ChainLink) {
    let before = unlinked
    unlinked = nil
    if let before {
      if link.torn == before.fragment {
        report(.torn, "was torn by a crash; the log went on with the line after it", before.file, before.line)
      } else {
        foreign(before)
      }
    } else if link.torn != nil, last != nil {
      report(.missing, "goes on after a torn line that is not there")
    }
  }

  private mutating func place(_ link: ChainLink) {
    guard let last else {
      first = link.sequence
      if !link.begins || link.follows != nil { beginning = (link, file, line) }
      return
    }
    if link.id != last.id {
      if let follows = link.follows { return placeRestart(after: follows, last) }
      let message = link.begins ? "begins a new chain: the server found nothing to go on from" : "is of another chain"
      return report(.restarted, message)
    }
    guard let sequence = last.sequence else {
      if link.previous != last.hash { report(.missing, "does not go on from the line before it") }
      return
    }
    if link.sequence <= sequence {
      report(.reordered, "is entry \(link.sequence), and stands after entry \(sequence)")
    } else if link.sequence > sequence &+ 1 {
      let missing = link.sequence &- sequence &- 1
      let range = missing == 1 ? "entry \(sequence &+ 1) is" : "entries \(sequence &+ 1) to \(link.sequence &- 1) are"
      report(.missing, "is entry \(link.sequence): \(range) not there")
    } else if link.previous != last.hash {
      report(.missing, "goes on from another entry \(sequence) than the one before it")
    }
  }

  /// After a crash the server knows an entry of the chain before, and not whether that was its last.
  private mutating func placeRestart(after known: AuditChainHead, _ last: Last) {
    guard known.id == last.id else { return report(.restarted, "begins a new chain after one that is not there") }
    if let sequence = last.sequence, sequence < known.sequence {
      return report(
        .missing,
        "begins a new chain after entry \(known.sequence) of the one before, which ends with entry \(sequence)")
    }
    guard recent.has(known) else {
      return report(.restarted, "begins a new chain after another entry \(known.sequence) than the one that is there")
    }
    report(
      .declaredRestart,
      "begins a new chain: after a crash the server did not find the end of the one before; that one is whole up to entry "
        + "\(known.sequence), and of later entries the last may be missing")
  }

  /// Other chains of the log may have an entry of that number, too.
  private mutating func meet(_ sequence: Int64, _ hash: String) {
    for (index, anchor) in anchors.enumerated() where anchor.sequence == sequence && unmet[index] {
      if anchor.hash == hash { unmet[index] = false } else { mismatches[index] = mismatches[index] ?? (file, line) }
    }
  }

  private mutating func foreign(_ line: Unlinked) {
    report(.foreign, "is no entry of the chain", line.file, line.line)
  }

  private mutating func report(_ kind: Kind, _ message: String, _ file: Int? = nil, _ line: Int? = nil) {
    findings.append(Finding(kind: kind, file: file ?? self.file, line: line ?? self.line, message: message))
  }
}
