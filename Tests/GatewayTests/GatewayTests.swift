import HTTPServer
import JSONText
import Primitives
import Testing

@testable import Gateway

struct GatewayTests {
  // MARK: Requests

  @Test func methodsAndQueriesAreOperations() throws {
    let front = try Front()
    #expect(front.send("GET", "/v1/secret/a").json["data"]?["v"] == 1)
    #expect(front.send("LIST", "/v1/secret").json["data"]?["keys"] == ["a"])
    #expect(front.send("GET", "/v1/secret", query: "list=true").json["data"]?["keys"] == ["a"])
    #expect(front.send("GET", "/v1/secret", query: "list=maybe").status == 400)
    #expect(front.send("GET", "/v1/secret/a", query: "list=false").json["data"]?["v"] == 1)
    #expect(front.send("GET", "/v1/secret/a", query: "help=1").json["help"] != nil)
    #expect(front.send("PUT", "/v1/secret/b", body: #"{"v":2}"#).status == 204)
    #expect(front.send("DELETE", "/v1/secret/b").status == 204)
    #expect(front.send("GET", "/v1/secret/b").status == 404)
    #expect(front.send("BREW", "/v1/secret/a").status == 405)
    #expect(front.send("GET", "/v1/secret/%zz").status == 400)
    #expect(front.send("GET", "/v1/secret/%61").json["data"]?["v"] == 1)
  }

  @Test func patchesNameTheirType() throws {
    let front = try Front()
    let body = #"{"data":{"v":1}}"#
    #expect(front.send("PATCH", "/v1/secret/a", body: body).status == 400)
    #expect(front.send("PATCH", "/v1/secret/a", [("content-type", "application/json")], body: body).status == 415)
    // KV version 1 has no patch, which only the engine knows.
    let type = "application/merge-patch+json; charset=utf-8"
    #expect(front.send("PATCH", "/v1/secret/a", [("content-type", type)], body: body).status == 405)
    #expect(front.send("PATCH", "/v1/secret/a", [("content-type", "application/scim+json")], body: body).status == 405)
  }

  @Test func tokensComeInEitherHeaderAndTheOwnOneIsFirst() throws {
    let front = try Front()
    let bearer = [(name: "authorization", value: "Bearer \(front.root)")]
    #expect(front.send("GET", "/v1/secret/a", bearer).status == 200)
    #expect(front.send("GET", "/v1/secret/a", bearer + [("x-vault-token", "wrong")]).status == 403)
    #expect(front.send("GET", "/v1/secret/a", [("authorization", "Basic \(front.root)")]).status == 403)
    #expect(front.send("GET", "/v1/secret/a", [("x-vault-token", front.root + "\n")]).status == 403)
    let long = String(repeating: "a", count: 8193)
    #expect(front.send("GET", "/v1/secret/a", [("x-vault-token", long)]).status == 400)
    #expect(front.send("GET", "/v1/secret/a", [("x-vault-token", String(long.dropLast()))]).status == 403)
  }

  @Test func wrappingTimesAreRead() throws {
    let front = try Front()
    func wrap(_ ttl: String) -> Message {
      front.send("GET", "/v1/secret/a", [("x-vault-wrap-ttl", ttl), ("x-vault-token", front.root)])
    }
    #expect(wrap("60").json["wrap_info"]?["ttl"] == 60)
    #expect(wrap("5m").json["wrap_info"]?["ttl"] == 300)
    #expect(wrap("0").json["data"]?["v"] == 1)
    #expect(wrap("-5").status == 400)
    #expect(wrap("soon").status == 400)
  }

  // MARK: Answers

  @Test func everyAnswerForbidsCachesAndSaysItsType() throws {
    let front = try Front()
    for answer in [
      front.send("GET", "/v1/secret/a"), front.send("GET", "/v1/secret/none"),
      front.send("POST", "/v1/secret/c", body: #"{"v":1}"#), front.send("GET", "/v1/sys/health"),
      front.send("GET", "/v1/secret/a", [("x-vault-token", "")]),
    ] {
      #expect(answer.values("cache-control") == ["no-store"])
      #expect(answer.values("content-type") == ["application/json"])
      #expect(answer.values("strict-transport-security").count == 1)
    }
  }

  @Test func headersOfTheListenerAreChosenByStatusTheNarrowestLast() throws {
    let front = try Front()
    front.behaviour.responseHeaders = [
      "default": [("X-A", "default"), ("X-B", "default"), ("Content-Type", "text/x")],
      "4xx": [("X-A", "class")], "404": [("X-A", "status")],
    ]
    let ok = front.send("GET", "/v1/secret/a")
    #expect(ok.values("x-a") == ["default"])
    #expect(ok.values("content-type") == ["text/x"])
    // Nobody asked for that one to go.
    #expect(ok.values("strict-transport-security").count == 1)
    let absent = front.send("GET", "/v1/secret/none")
    #expect(absent.values("x-a") == ["status"])
    #expect(absent.values("x-b") == ["default"])
    #expect(front.send("GET", "/v1/secret/a", [("x-vault-token", "")]).values("x-a") == ["class"])
  }

  @Test func redactionEmptiesWhatItNamesAndNothingElse() throws {
    let front = try Front()
    let open = front.send("GET", "/v1/sys/health").json
    #expect(open["version"] == "1.21.0")
    front.behaviour.redactsVersion = true
    front.behaviour.redactsClusterName = true
    front.behaviour.redactsAddresses = true
    let health = front.send("GET", "/v1/sys/health", [("x-vault-token", "")]).json
    #expect(health["version"] == "")
    #expect(health["cluster_name"] == "")
    #expect(health["cluster_id"] == open["cluster_id"])
    let status = front.send("GET", "/v1/sys/seal-status", [("x-vault-token", "")]).json
    #expect(status["version"] == "")
    #expect(status["build_date"] == "")
    #expect(status["cluster_name"] == "")
    #expect(status["storage_type"] == "inmem")
    let leader = front.send("GET", "/v1/sys/leader", [("x-vault-token", "")]).json
    #expect(leader["leader_address"]?.stringValue == "")
    // Unsealing answers with the seal's status.
    let unsealing = front.send("PUT", "/v1/sys/unseal", [("x-vault-token", "")], body: #"{"key":"\#(front.share)"}"#)
    #expect(unsealing.status == 200)
    #expect(unsealing.json["sealed"] == false)
    #expect(unsealing.json["version"] == "")
    #expect(unsealing.json["build_date"] == "")
    #expect(unsealing.json["cluster_name"] == "")
    #expect(unsealing.json["cluster_id"] == open["cluster_id"])
    // However the path is written.
    let escaped = front.send("GET", "/v1/sys/%68ealth", [("x-vault-token", "")])
    #expect(!escaped.text.contains("1.21.0"))
    front.send("POST", "/v1/secret/v", body: #"{"version":"mine"}"#)
    #expect(front.send("GET", "/v1/secret/v").json["data"]?["version"] == "mine")
  }

  @Test func whoShowsAValidTokenIsToldWhatTheListenerRedacts() throws {
    let front = try Front()
    front.behaviour.redactsVersion = true
    front.behaviour.redactsClusterName = true
    front.behaviour.redactsAddresses = true
    for path in ["/v1/sys/health", "/v1/sys/seal-status"] {
      #expect(front.send("GET", path).json["version"] == "1.21.0")
      #expect(front.send("GET", path).json["cluster_name"]?.stringValue?.isEmpty == false)
      #expect(front.send("GET", path, [("authorization", "Bearer \(front.root)")]).json["version"] == "1.21.0")
      #expect(front.send("GET", path, [("x-vault-token", "hvs.wrong")]).json["version"] == "")
    }
    // Valid, but not from there.
    let body = #"{"policies":["default"],"bound_cidrs":["192.0.2.1/32"]}"#
    front.send("POST", "/v1/auth/token/roles/near", body: #"{"token_bound_cidrs":["192.0.2.1/32"]}"#)
    let made = front.send("POST", "/v1/auth/token/create/near", body: body).json["auth"]?["client_token"]?.stringValue
    let near = [(name: "x-vault-token", value: made ?? "")]
    #expect(front.send("GET", "/v1/sys/health", near).json["version"] == "1.21.0")
    #expect(front.send("GET", "/v1/sys/health", near, from: "192.0.2.9").json["version"] == "")
  }

  @Test func profilesAreOpenWhereTheListenerSaysSo() throws {
    let front = try Front()
    let none = [(name: "x-vault-token", value: "")]
    #expect(front.send("GET", "/v1/sys/pprof/heap", none).status == 403)
    front.behaviour.opens = .openWhereInFlightIsShown
    #expect(front.send("GET", "/v1/sys/pprof/heap", none).status == 403)
    #expect(front.send("GET", "/v1/sys/in-flight-req", none).status == 200)
    front.behaviour.opens = .openWhereProfilesAreShown
    #expect(front.send("GET", "/v1/sys/pprof/heap", none).status == 200)
    #expect(front.send("GET", "/v1/sys/pprof", none).status == 200)
    #expect(front.send("GET", "/v1/sys/in-flight-req", none).status == 403)
  }

  // MARK: Other origins

  private func enableOrigins(_ front: Front) {
    let body = #"{"allowed_origins":["https://ui.example"],"allowed_headers":["X-Mine"]}"#
    #expect(front.send("POST", "/v1/sys/config/cors", body: body).status == 204)
  }

  @Test func withoutTheSettingNobodyIsToldOfOrigins() throws {
    let front = try Front()
    let answer = front.send("GET", "/v1/secret/a", [("origin", "https://ui.example"), ("x-vault-token", front.root)])
    #expect(answer.status == 200)
    #expect(answer.values("access-control-allow-origin").isEmpty)
  }

  @Test func preflightsOfAllowedOriginsAreAnsweredWithoutAToken() throws {
    let front = try Front()
    enableOrigins(front)
    let answer = front.send(
      "OPTIONS", "/v1/secret/a",
      [("origin", "https://ui.example"), ("access-control-request-method", "PUT"), ("x-vault-token", "")])
    #expect(answer.status == 200)
    #expect(answer.values("access-control-allow-origin") == ["https://ui.example"])
    #expect(answer.values("vary") == ["Origin"])
    #expect(answer.values("access-control-allow-methods").first?.contains("LIST") == true)
    #expect(answer.values("access-control-allow-headers").first?.contains("X-Mine") == true)
    #expect(answer.values("access-control-allow-headers").first?.contains("X-Vault-Token") == true)
    #expect(answer.text.isEmpty)
  }

  @Test func requestsOfOtherOriginsAreRefusedAndNotDone() throws {
    let front = try Front()
    enableOrigins(front)
    func origin(_ name: String) -> [(name: String, value: String)] {
      [("origin", name), ("x-vault-token", front.root)]
    }
    let write = front.send("POST", "/v1/secret/a", origin("https://evil.example"), body: #"{"v":666}"#)
    #expect(write.status == 403)
    #expect(write.values("access-control-allow-origin").isEmpty)
    #expect(front.send("GET", "/v1/secret/a").json["data"]?["v"] == 1)
    let read = front.send("GET", "/v1/secret/a", origin("https://ui.example"))
    #expect(read.json["data"]?["v"] == 1)
    #expect(read.values("access-control-allow-origin") == ["https://ui.example"])
    #expect(read.values("access-control-allow-methods").isEmpty)
  }
}
