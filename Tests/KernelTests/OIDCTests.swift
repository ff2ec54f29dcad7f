import EngineAPI
import JSONText
import Primitives
import Testing

@testable import Kernel

/// Identity tokens and the OIDC provider on a clock that stands until it is moved.
struct OIDCTests {
  private static let redirect = "https://app.example/cb"

  private struct Person {
    let token: String
    let entity: String
  }

  private func world() throws -> (World, Person) {
    let world = try World()
    #expect(world.send(.update, "sys/auth/badge", #"{"type":"badge"}"#).status == 204)
    let auth = world.send(.update, "auth/badge/login", #"{"name":"ada"}"#, token: "").json["auth"]
    let token = try #require(auth?["client_token"]?.stringValue)
    try world.policy("tokens", #"path "identity/oidc/token/*" { capabilities = ["read"] }"#)
    let entity = try #require(auth?["entity_id"]?.stringValue)
    #expect(world.send(.update, "identity/entity/id/\(entity)", #"{"policies":["tokens"]}"#).status < 300)
    return (world, Person(token: token, entity: entity))
  }

  private func part(_ token: String, _ index: Int) throws -> JSONValue {
    let part = try #require(token.split(separator: ".").dropFirst(index).first)
    return try JSONParser.parse(Base64.decode(String(part), alphabet: .url, padded: false))
  }

  private func keyID(_ token: String) throws -> String { try #require(part(token, 0)["kid"]?.stringValue) }

  private func publishedIDs(_ world: World) -> [String] {
    let keys = world.send(.read, "identity/oidc/.well-known/keys", token: "").json["keys"]?.arrayValue ?? []
    return keys.compactMap { $0["kid"]?.stringValue }
  }

  private func isActive(_ world: World, _ token: String) -> Bool {
    let body = JSONText(["token": .string(token)] as JSONObject).string
    return world.send(.update, "identity/oidc/introspect", body).json["active"] == true
  }

  // MARK: Identity tokens

  private func tokenWorld() throws -> (World, Person) {
    let (world, person) = try world()
    let key = #"{"algorithm":"EdDSA","rotation_period":"1h","verification_ttl":"30m","allowed_client_ids":"*"}"#
    #expect(world.send(.update, "identity/oidc/key/k", key).status == 204)
    #expect(world.send(.update, "identity/oidc/role/r", #"{"key":"k","ttl":"30m"}"#).status == 204)
    return (world, person)
  }

  private func identityToken(_ world: World, _ person: Person) throws -> String {
    try #require(world.send(.read, "identity/oidc/token/r", token: person.token).data["token"]?.stringValue)
  }

  @Test func keysRotateByTheClock() throws {
    let (world, person) = try tokenWorld()
    let first = try identityToken(world, person)
    let announced = publishedIDs(world)
    #expect(try announced.first == keyID(first) && announced.count == 2)
    world.clock.advance(.minutes(59))
    let last = try identityToken(world, person)
    #expect(try keyID(last) == keyID(first))
    world.clock.advance(.minutes(2))
    let next = try identityToken(world, person)
    #expect(try keyID(next) == announced.last)
    #expect(isActive(world, last) && isActive(world, next) && !isActive(world, first))
    #expect(publishedIDs(world).count == 3)
    try world.restart()
    #expect(isActive(world, last) && isActive(world, next))
    // Its time is over with that of the last token that it signed.
    world.clock.advance(.minutes(29))
    #expect(!isActive(world, last) && isActive(world, next))
    #expect(publishedIDs(world).count == 2)
  }

  /// However long nobody asked: the key that was announced signs, and the one of before is over.
  @Test func afterIdlenessTheAnnouncedKeySigns() throws {
    let (world, person) = try tokenWorld()
    let old = try identityToken(world, person)
    let announced = publishedIDs(world).last
    world.clock.advance(.hours(50))
    #expect(publishedIDs(world).first == announced)
    let token = try identityToken(world, person)
    #expect(try keyID(token) == announced)
    #expect(try publishedIDs(world).count == 2 && !publishedIDs(world).contains(keyID(old)))
  }

  @Test func theBackgroundRotatesWithoutAnybodyAsking() throws {
    let (world, person) = try tokenWorld()
    let old = try keyID(identityToken(world, person))
    world.clock.advance(.minutes(61))
    func work() throws {
      let identity = try #require(world.node.state?.mounts.mount(.secret, "identity/"))
      let now = world.clock.now
      while let next = try identity.engine.work(now), next <= now {}
    }
    try work()
    #expect(publishedIDs(world).count == 3 && publishedIDs(world).last == old)
    #expect(try keyID(identityToken(world, person)) == publishedIDs(world).first)
    // Twenty-nine minutes later the old one is over, and no longer stored.
    world.clock.advance(.minutes(29))
    try work()
    #expect(publishedIDs(world).count == 2)
    let keys = try world.disk.keys()
    let stored = try #require(keys.first { $0.hasSuffix("oidc/ring/k") })
    let state = try #require(world.node.state)
    let opened = try #require(try state.barrier.get(stored))
    #expect(!String(decoding: opened.bytes, as: UTF8.self).contains(old))
  }

  @Test func tokensEndWithTheirEntity() throws {
    let (world, person) = try tokenWorld()
    let token = try identityToken(world, person)
    #expect(isActive(world, token))
    let path = "identity/entity/id/\(person.entity)"
    world.send(.update, path, #"{"disabled":true}"#)
    #expect(!isActive(world, token))
    world.send(.update, path, #"{"disabled":false}"#)
    #expect(isActive(world, token))
    world.clock.advance(.minutes(30))
    #expect(!isActive(world, token))
  }

  @Test func anUpdateOfTheKeyKeepsWhatItDoesNotName() throws {
    let (world, person) = try tokenWorld()
    let token = try identityToken(world, person)
    #expect(world.send(.update, "identity/oidc/key/k", #"{"rotation_period":"2h"}"#).status == 204)
    #expect(isActive(world, token))
    let again = try identityToken(world, person)
    #expect(try keyID(again) == keyID(token))
    #expect(world.send(.update, "identity/oidc/key/k", #"{"algorithm":"ES384"}"#).status == 204)
    let other = try identityToken(world, person)
    #expect(try part(other, 0)["alg"] == "ES384")
    #expect(isActive(world, token) && isActive(world, other))
  }

  @Test func rotationByHandHasABound() throws {
    let (world, _) = try tokenWorld()
    var statuses: Set<Int> = []
    for _ in 0..<120 { statuses.insert(world.send(.update, "identity/oidc/key/k/rotate").status) }
    #expect(statuses == [204, 400])
    #expect(world.send(.update, "identity/oidc/key/k", #"{"algorithm":"ES256"}"#).status == 400)
    world.clock.advance(.minutes(30))
    #expect(world.send(.update, "identity/oidc/key/k/rotate").status == 204)
  }

  // MARK: The code flow

  private struct Client {
    let id: String
    let secret: String
  }

  private func client(_ world: World) throws -> Client {
    #expect(
      world.send(.update, "identity/oidc/key/k", #"{"algorithm":"EdDSA","allowed_client_ids":"*"}"#).status == 204)
    let body =
      #"{"key":"k","redirect_uris":"\#(Self.redirect)","assignments":"allow_all","access_token_ttl":"20m"}"#
    #expect(world.send(.update, "identity/oidc/client/app", body).status == 204)
    let data = world.send(.read, "identity/oidc/client/app").data
    return Client(
      id: try #require(data["client_id"]?.stringValue), secret: try #require(data["client_secret"]?.stringValue))
  }

  private func code(_ world: World, _ client: Client, _ person: Person, more: JSONObject = [:]) throws -> String {
    var query: JSONObject = [
      "client_id": .string(client.id), "redirect_uri": .string(Self.redirect), "response_type": "code",
      "scope": "openid",
    ]
    for member in more.members { query[member.name] = member.value }
    let answer = world.send(.read, "identity/oidc/provider/default/authorize", token: person.token, query: query)
    return try #require(answer.json["code"]?.stringValue, "\(answer.text)")
  }

  private func exchange(_ world: World, _ client: Client, _ code: String) -> Answer {
    let body: JSONObject = [
      "client_id": .string(client.id), "client_secret": .string(client.secret), "grant_type": "authorization_code",
      "code": .string(code), "redirect_uri": .string(Self.redirect),
    ]
    return world.send(.update, "identity/oidc/provider/default/token", JSONText(body).string, token: "")
  }

  @Test func codesLiveFiveMinutesAndWorkOnce() throws {
    let (world, person) = try world()
    let client = try client(world)
    let first = try code(world, client, person)
    let second = try code(world, client, person)
    world.clock.advance(.seconds(299))
    #expect(exchange(world, client, first).status == 200)
    #expect(exchange(world, client, first).json["error"] == "invalid_grant")
    world.clock.advance(.seconds(1))
    #expect(exchange(world, client, second).json["error"] == "invalid_grant")
    let third = try code(world, client, person)
    try world.restart()
    #expect(exchange(world, client, third).json["error"] == "invalid_grant")
  }

  @Test func accessTokensEndInTime() throws {
    let (world, person) = try world()
    let client = try client(world)
    let answer = exchange(world, client, try code(world, client, person))
    let token = try #require(answer.json["access_token"]?.stringValue)
    func info() -> Int { world.send(.read, "identity/oidc/provider/default/userinfo", token: token).status }
    #expect(info() == 200)
    try world.restart()
    #expect(info() == 200)
    world.send(.update, "identity/entity/id/\(person.entity)", #"{"disabled":true}"#)
    #expect(info() == 401)
    world.send(.update, "identity/entity/id/\(person.entity)", #"{"disabled":false}"#)
    world.clock.advance(.seconds(20 * 60 - 1))
    #expect(info() == 200)
    world.clock.advance(.seconds(1))
    #expect(info() == 401)
  }

  @Test func theTimeOfTheLoginStandsInTheToken() throws {
    let (world, person) = try world()
    let client = try client(world)
    let login = world.clock.now.seconds
    world.clock.advance(.seconds(90))
    let answer = exchange(world, client, try code(world, client, person, more: ["max_age": "90", "nonce": "n"]))
    let claims = try part(#require(answer.json["id_token"]?.stringValue), 1)
    #expect(claims["auth_time"] == .int(login) && claims["nonce"] == "n" && claims["iat"] == .int(login + 90))
    let plain = exchange(world, client, try code(world, client, person))
    let others = try part(#require(plain.json["id_token"]?.stringValue), 1)
    #expect(others["auth_time"] == nil && others["nonce"] == nil)
  }

  @Test func oneCodeIsExchangedOnceByMany() throws {
    let (world, person) = try world()
    let client = try client(world)
    for _ in 0..<20 {
      let code = try code(world, client, person)
      let body: JSONObject = [
        "client_id": .string(client.id), "client_secret": .string(client.secret), "grant_type": "authorization_code",
        "code": .string(code), "redirect_uri": .string(Self.redirect),
      ]
      let request = world.request(
        .update, "identity/oidc/provider/default/token", JSONText(body).string, token: "")
      let pipeline = RequestPipeline(node: world.node)
      let good = Locked(0)
      let threads = (0..<4).compactMap { _ in
        BackgroundThread {
          if pipeline.handle(request).status == 200 { good.withLock { $0 += 1 } }
        }
      }
      #expect(threads.count == 4)
      for thread in threads { thread.join() }
      #expect(good.withLock { $0 } == 1)
    }
  }

  @Test func nobodyKeepsOthersFromLoggingIn() throws {
    let (world, person) = try world()
    let client = try client(world)
    for _ in 0..<100 { _ = try code(world, client, person) }
    let query: JSONObject = [
      "client_id": .string(client.id), "redirect_uri": .string(Self.redirect), "response_type": "code",
      "scope": "openid",
    ]
    let path = "identity/oidc/provider/default/authorize"
    #expect(world.send(.read, path, token: person.token, query: query).status == 429)
    let auth = world.send(.update, "auth/badge/login", #"{"name":"bob"}"#, token: "").json["auth"]
    let bob = try #require(auth?["client_token"]?.stringValue)
    #expect(world.send(.read, path, token: bob, query: query).status == 200)
  }
}
