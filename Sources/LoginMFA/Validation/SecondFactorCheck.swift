/// What came of one method's part of a validation.
package enum FactorOutcome: Sendable, Equatable {
  case passed
  /// Why not, in words for the client.
  case failed(String)
}

/// Holds what a client sent against the rules that its login comes under. Each rule needs one of its methods, and a method
/// is asked once, however many rules name it: its passcode counts for all of them.
package struct SecondFactorCheck {
  private let credentials: MFACredentials
  private var asked: [String: FactorOutcome] = [:]

  package init(_ credentials: MFACredentials) { self.credentials = credentials }

  /// - Parameters:
  ///   - method: finds a method by its id.
  ///   - ask: judges a passcode for a method.
  /// - Returns: why the first rule that is not satisfied is not; nil where all are.
  package mutating func unsatisfied(
    of enforcements: [LoginEnforcement], method: (String) -> MFAMethod?,
    ask: (MFAMethod, String) throws -> FactorOutcome
  ) throws -> String? {
    for enforcement in enforcements {
      if let reason = try failure(of: enforcement, method, ask) {
        return "failed to satisfy enforcement \(enforcement.name). error: \(reason)"
      }
    }
    return nil
  }

  private mutating func failure(
    of enforcement: LoginEnforcement, _ method: (String) -> MFAMethod?,
    _ ask: (MFAMethod, String) throws -> FactorOutcome
  ) throws -> String? {
    var reasons: [String] = []
    for method in enforcement.methodIDs.compactMap(method) {
      guard let passcode = try credentials.passcode(for: method) else { continue }
      let outcome = try asked[method.id] ?? ask(method, passcode)
      asked[method.id] = outcome
      switch outcome {
      case .passed: return nil
      case .failed(let reason): reasons.append(reason)
      }
    }
    let summary = "login MFA validation failed for methodID: [\(enforcement.methodIDs.joined(separator: " "))]"
    if reasons.isEmpty { return summary }
    reasons.append(summary)
    return "\(reasons.count) errors occurred:\n" + reasons.map { "\t* \($0)\n" }.joined() + "\n"
  }
}
