internal import EngineAPI
internal import JSONText
internal import Primitives

extension Exchange {
  /// What the limits say to a request, before anything is done for it.
  struct LimitFinding {
    var headers: [(name: String, value: String)] = []
    /// Set where the request is one too many.
    var refusal: EngineError?
    var isRecorded = false
  }

  /// Nil where no limit is for this request.
  func limitFinding() -> LimitFinding? {
    let finding = state.quotas.count(
      path: path, mount: mountPoint, rest: rest, client: request.remoteAddress, role: { self.role },
      now: WallClock.monotonicNanoseconds())
    guard let finding else { return nil }
    let verdict = finding.verdict
    var limit = LimitFinding()
    limit.isRecorded = finding.configuration.auditsRefusals
    if finding.configuration.showsHeaders {
      let wait = verdict.wait / 1_000_000_000 + (verdict.wait % 1_000_000_000 == 0 ? 0 : 1)
      limit.headers = [
        ("X-Ratelimit-Limit", String(verdict.limit)), ("X-Ratelimit-Remaining", String(verdict.remaining)),
        ("X-Ratelimit-Reset", String(wait)),
      ]
      if !verdict.isAllowed { limit.headers.append(("Retry-After", String(wait))) }
    }
    if !verdict.isAllowed {
      limit.refusal = EngineError(
        status: 429, messages: ["request path \"\(path)\": rate limit quota exceeded"])
    }
    return limit
  }

  /// The role of a login; empty where there is none.
  private var role: String {
    guard let loginRole = route?.loginRole else { return namedRole }
    if fields.isEmpty { fields = (try? RequestFields.read(request)) ?? [:] }
    return (try? loginRole(call)) ?? ""
  }

  /// The role that a login names; empty where it names none.
  var namedRole: String {
    guard route?.traits.isSuperset(of: .login) == true else { return "" }
    if let name = captures["role"] ?? captures["username"] ?? captures["name"] { return name }
    return (try? RequestFields.read(request))?["role"]?.stringValue ?? ""
  }

  func refuse(_ limit: LimitFinding, _ refusal: EngineError) -> WireResponse {
    if limit.isRecorded && state.audit.isEnabled {
      var record = RequestRecord(self, broker: state.audit.broker)
      do {
        try record.request(refusal: refusal)
        try record.response(Outcome(failure: refusal))
      } catch { return Failures.auditResponse }
    }
    var response = Failures.response(to: refusal, log: node.log)
    response.headers += limit.headers
    return response
  }
}
