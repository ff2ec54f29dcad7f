import AccessPolicy
import EngineAPI
import JSONText
import Primitives
import Testing

@testable import Kernel

struct DenialTests {
  private func denied(_ world: World, _ operation: EngineAPI.Operation, _ path: String, token: String) -> WireResponse {
    RequestPipeline(node: world.node).handle(world.request(operation, path, #"{"k":"topsecret"}"#, token: token))
  }

  private func requestID(_ response: WireResponse) -> String? {
    response.headers.first { $0.name == "X-Vault-Request-Id" }?.value
  }

  @Test func refusedRequestIsExplainedUnderItsID() throws {
    let world = try World()
    world.enable("secret", "kv")
    try world.policy("p", "path \"secret/*\" {\n  capabilities = [\"read\"]\n}\n")
    let token = try world.token(["p"])
    let response = denied(world, .update, "secret/a", token: token)
    #expect(response.status == 403)
    #expect(World.answer(response).text == #"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"# + "\n")
    let id = try #require(requestID(response))
    let answer = world.send(.read, "sys/policies/explain/\(id)")
    #expect(answer.status == 200)
    #expect(answer.data["path"] == "secret/a")
    // The path is not there yet, so that it was a create.
    #expect(answer.data["operation"] == "create")
    #expect(answer.data["policies"] == ["p"])
    #expect(answer.data["policies_changed"] == false)
    let explanation = answer.data["explanation"]
    #expect(explanation?["allowed"] == false)
    #expect(explanation?["rules"]?.arrayValue?.first?["from"]?.arrayValue?.first?["line"] == 1)
    #expect(explanation?["missing"]?.arrayValue?.first?["name"] == "create")
    #expect(explanation?["smallest_rule"]?.stringValue?.contains("\"create\"") == true)
    #expect(!answer.text.contains("topsecret"))
    #expect(!answer.text.contains(token))

    try world.policy("p", "path \"secret/*\" {\n  capabilities = [\"read\", \"create\"]\n}\n")
    let later = world.send(.read, "sys/policies/explain/\(id)")
    #expect(later.data["policies_changed"] == true)
    #expect(later.data["explanation"]?["allowed"] == true)
  }

  @Test func everyCauseIsTold() throws {
    let world = try World()
    let none = try #require(requestID(denied(world, .read, "sys/mounts", token: "")))
    let unknown = try #require(requestID(denied(world, .read, "sys/mounts", token: "hvs.wrong")))
    let weak = try world.token(["absent"])
    let rule = try #require(requestID(denied(world, .read, "sys/mounts", token: weak)))
    let head = try #require(requestID(denied(world, .header, "sys/mounts", token: weak)))
    try world.policy("almost", "path \"sys/seal\" {\n  capabilities = [\"update\"]\n}\n")
    let sudo = try #require(requestID(denied(world, .update, "sys/seal", token: try world.token(["almost"]))))
    func reason(_ id: String) -> JSONValue? { world.send(.read, "sys/policies/explain/\(id)").data["reason"] }
    #expect(reason(none) == "the request had no token")
    #expect(reason(unknown) == "the token is not known: it never was, has expired, or was revoked")
    #expect(reason(rule) == "no rule matches the path")
    #expect(reason(head) == "no policy can allow this operation")
    #expect(reason(sudo) == "the path is protected, and the rule that decides does not grant \"sudo\"")
    #expect(world.send(.list, "sys/policies/explain/").data["keys"]?.arrayValue?.count == 5)
  }

  @Test func noOneWithoutSudoIsTold() throws {
    let world = try World()
    try world.policy(
      "nearly", "path \"sys/policies/explain*\" {\n  capabilities = [\"read\", \"update\", \"list\"]\n}\n")
    let token = try world.token(["nearly"])
    let id = try #require(requestID(denied(world, .read, "sys/mounts", token: token)))
    #expect(world.send(.read, "sys/policies/explain/\(id)", token: token).status == 403)
    #expect(world.send(.list, "sys/policies/explain", token: token).status == 403)
    let body = #"{"policies":["nearly"],"operation":"read","path":"a"}"#
    #expect(world.send(.update, "sys/policies/explain", body, token: token).status == 403)
    #expect(world.send(.update, "sys/policies/explain-self", body, token: token).status == 200)
  }

  @Test func explanationIsWhatTheServerDoes() throws {
    let world = try World()
    world.enable("secret", "kv")
    try world.policy("p", "path \"secret/+/b\" {\n  capabilities = [\"read\", \"update\"]\n}\n")
    let token = try world.token(["p"])
    let questions: [(EngineAPI.Operation, String)] = [
      (.read, "secret/a/b"), (.list, "secret/a"), (.delete, "secret/a/b"), (.read, "sys/seal"),
    ]
    for (operation, path) in questions {
      let body = #"{"token":"\#(token)","operation":"\#(operation.rawValue)","path":"\#(path)"}"#
      let explained = world.send(.update, "sys/policies/explain", body).data["allowed"]
      let done = world.send(operation, path, token: token).status != 403
      #expect(explained == .bool(done), "\(operation) \(path)")
    }
    func ask(_ body: String) -> Answer { world.send(.update, "sys/policies/explain", body) }
    #expect(ask(#"{"policies":"root","operation":"delete","path":"x"}"#).data["root"] == true)
    #expect(
      ask(#"{"policies":"p","operation":"read","path":"sys/health"}"#).data["reason"]
        == "the path works without a token")
    #expect(ask(#"{"policies":"p","operation":"update","path":"sys/seal"}"#).data["sudo_required"] == true)
    #expect(ask(#"{"policies":"p","operation":"update","path":"secret/a/b"}"#).warnings?.count == 1)
    for body in [
      "{}", #"{"policies":"p"}"#, #"{"policies":"p","operation":"read"}"#,
      #"{"policies":"p","operation":"x","path":"a"}"#,
      #"{"policies":"p","token":"t","operation":"read","path":"a"}"#, #"{"token":"t","operation":"read","path":"a"}"#,
      #"{"accessor":"t","operation":"read","path":"a"}"#,
      #"{"policies":"p","operation":"read","path":"a","parameters":1}"#,
    ] {
      #expect(ask(body).status == 400, "\(body)")
    }
  }

  /// Whoever has no token cannot make the server forget whom it refused.
  @Test func memoryIsBoundedAndKnownCallersKeepTheirPlace() {
    let log = DenialLog(capacity: 4, ofUnknown: 2)
    func denial(_ number: Int, _ cause: Denial.Cause) -> Denial {
      Denial(
        id: "\(number)", time: Timestamp(seconds: Int64(number)), operation: .read, path: "", remoteAddress: "",
        cause: cause, needsSudo: false, wrapTTL: nil, displayName: "", accessor: "", entityID: "", policies: [],
        policyGeneration: 0)
    }
    for number in 0..<6 { log.add(denial(number, .policies(.noRule))) }
    for number in 6..<100 { log.add(denial(number, .noToken)) }
    #expect(log.all.map(\.id) == ["99", "98", "5", "4", "3", "2"])
    #expect(log.denial("1") == nil)
    #expect(log.denial("2") != nil)
  }
}
