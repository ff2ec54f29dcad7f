internal import AuditTrail
internal import Tokens

/// What audit devices write of a token, kept with the token: once for each way in which policies judged it lately.
struct AuditFaces: Sendable {
  struct Judgement: Sendable, Equatable {
    let isAllowed: Bool
    /// The policies that allowed it.
    let granting: [String]
    /// What the token's entity added to its policies.
    let identity: [String]
  }

  private static let most = 4
  private var kept: [(judgement: Judgement, memory: AuditMemory)] = []

  static func memory(of token: KnownToken, judged judgement: Judgement) -> AuditMemory {
    token.note.withLock { note in
      var faces = note as? AuditFaces ?? AuditFaces()
      for face in faces.kept where face.judgement == judgement { return face.memory }
      let memory = AuditMemory()
      if faces.kept.count >= most { faces.kept.removeFirst() }
      faces.kept.append((judgement, memory))
      note = faces
      return memory
    }
  }
}
