internal import AccessPolicy
internal import Client
internal import JSONText

struct PolicyTestCommand: Command {
  let words = ["policy", "test"]
  let synopsis = "Check what policies allow and deny against cases in a file"
  let usage = "FILE"
  let details = """
    The file holds policies, or names of files with them beside it, and cases that say what is to be allowed or denied. It
    is HCL, YAML (.yaml, .yml) or JSON (.json); docs/policies.md shows all that it may hold. No server is needed; with
    -server, policies that are not in the file are read from there.

        policy "team" { file = "team.hcl" }
        case "the team reads its secrets" {
          policies  = ["team", "default"]
          operation = "read"
          path      = "secret/data/team/db"
          expect    = "allow"
        }

        $ coffer policy test team_test.hcl

    The exit status is 0 where all cases hold, 2 where one does not, and 1 where the file cannot be used.
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format]
  private let server = Flag<Bool>("server", "Read policies that the file does not hold from the server.")
  var flags: [any AnyFlag] { [server] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let path = call.environment.expanded(call.argument(0))
    let bytes: [UInt8]
    do throws(FileError) { bytes = try call.environment.files.read(path).get() } catch {
      throw .local("Error reading cases: \(error)")
    }
    let file: PolicyCaseFile
    do throws(PolicyCaseFile.Fault) { file = try PolicyCaseFile(bytes, path: path) } catch {
      throw .local("Error reading cases from \(call.argument(0)): \(error)")
    }
    var known = KnownPolicies(client: call[server] ? try call.client() : nil)
    for (name, text) in file.policies {
      switch text {
      case .inline(let text): try known.add(name, text: text, from: call.argument(0))
      case .file(let named): try known.add(name, file: Self.beside(path, call.environment.expanded(named)), call)
      }
    }
    var results: [CaseResult] = []
    for testCase in file.cases { results += try Self.results(testCase, &known, call) }
    Self.report(results, output)
    if results.contains(where: { !$0.holds }) { throw CommandFailure(status: 2) }
  }

  /// A file that a test file names lies beside it.
  private static func beside(_ testFile: String, _ named: String) -> String {
    guard !named.hasPrefix("/"), let slash = testFile.lastIndex(of: "/") else { return named }
    return String(testFile[...slash]) + named
  }

  private static func results(
    _ testCase: PolicyCaseFile.Case, _ known: inout KnownPolicies, _ call: Invocation
  ) throws(CommandFailure) -> [CaseResult] {
    var policies: [Policy] = []
    var absent: [String] = []
    for name in testCase.policies {
      switch try known.find(name, call) {
      case .policy(let policy): policies.append(policy)
      case .absent: absent.append(name)
      case .unknown:
        throw .local(
          "Error in \"\(testCase.name)\": the policy \"\(name)\" is not in the file; -server asks the server for it")
      }
    }
    return CaseResult.all(testCase, PolicySet(policies, absent: absent, subject: testCase.subject))
  }

  private static func report(_ results: [CaseResult], _ output: Output) {
    let failed = results.count { !$0.holds }
    if !output.isTable {
      return output.structured([
        "passed": .int(results.count - failed), "failed": .int(failed), "checks": .array(results.map(\.json)),
      ])
    }
    for result in results {
      output.line("\(result.holds ? "ok  " : "FAIL")  \(result.name): \(result.question)")
      if result.holds { continue }
      let note = result.note.isEmpty ? "" : ": \(result.note)"
      output.line("      expected \(result.expected), got \(result.found)\(note)")
      for line in result.explanation.map({ ExplanationText.lines($0.json) }) ?? [] {
        for part in line.split(separator: "\n", omittingEmptySubsequences: false) {
          output.line(part.isEmpty ? "" : "      \(part)")
        }
      }
    }
    output.line("\(results.count) check\(results.count == 1 ? "" : "s"), \(failed) failed")
  }
}

/// What came of one question of a case.
struct CaseResult {
  let name: String
  let question: String
  let holds: Bool
  let expected: String
  let found: String
  /// Why the policies did not decide; empty where they did.
  var note = ""
  /// Nil where the question was about capabilities.
  let explanation: Explanation?

  static func all(_ testCase: PolicyCaseFile.Case, _ set: PolicySet) -> [CaseResult] {
    var results: [CaseResult] = []
    for path in testCase.paths {
      if let isAllowed = testCase.isAllowed {
        for operation in testCase.operations {
          results.append(decision(testCase, operation, path, isAllowed: isAllowed, set))
        }
      }
      if let capabilities = testCase.capabilities {
        let found = set.capabilities(path)
        results.append(
          CaseResult(
            name: testCase.name, question: "capabilities of \(path)", holds: found == capabilities.sorted(),
            expected: "[\(capabilities.sorted().joined(separator: ", "))]",
            found: "[\(found.joined(separator: ", "))]", explanation: nil))
      }
    }
    return results
  }

  private static func decision(
    _ testCase: PolicyCaseFile.Case, _ operation: AccessOperation, _ path: String, isAllowed: Bool, _ set: PolicySet
  ) -> CaseResult {
    if OpenPaths.contains(Invocation.trimmed(path)) {
      return CaseResult(
        name: testCase.name, question: "\(operation.rawValue) \(path)", holds: isAllowed,
        expected: isAllowed ? "allow" : "deny", found: "allow", note: OpenPaths.reason, explanation: nil)
    }
    let explanation = set.explain(
      AccessQuestion(
        operation, path: path, parameters: testCase.parameters, wrapTTL: testCase.wrapTTL,
        needsSudo: testCase.needsSudo ?? RequestInWords.needsSudo(path, isList: operation == .list)))
    return CaseResult(
      name: testCase.name, question: "\(operation.rawValue) \(path)", holds: explanation.isAllowed == isAllowed,
      expected: isAllowed ? "allow" : "deny", found: explanation.isAllowed ? "allow" : "deny", explanation: explanation)
  }

  var json: JSONValue {
    var out: JSONObject = [
      "name": .string(name), "question": .string(question), "ok": .bool(holds), "expected": .string(expected),
      "found": .string(found),
    ]
    if !note.isEmpty { out["note"] = .string(note) }
    if !holds, let explanation { out["explanation"] = .object(explanation.json) }
    return .object(out)
  }
}
