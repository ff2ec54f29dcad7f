import Primitives
import Testing

@testable import Client

@Suite struct ConfigurationTests {
  @Test func addressesAreTakenApart() throws {
    let plain = try ServerAddress("http://127.0.0.1:8200")
    #expect(plain.endpoint == .tcp(host: "127.0.0.1", port: 8200))
    #expect(plain.origin == "http://127.0.0.1:8200")
    let secure = try ServerAddress("https://user:pw@vault.example/base//path/?q#f")
    #expect(secure.endpoint == .tcp(host: "vault.example", port: 443))
    #expect(secure.basePath == "/base/path")
    #expect(secure.authority == "vault.example")
    #expect(try ServerAddress("http://[::1]:82").endpoint == .tcp(host: "::1", port: 82))
    #expect(try ServerAddress("unix:///run/coffer.sock").endpoint == .unix(path: "/run/coffer.sock"))
    for text in ["", "127.0.0.1:8200", "http://", "http://a:b", "http://a:99999", "ftp://a", "unix://", "http://[::1"] {
      #expect(throws: ConfigurationError.self) { try ServerAddress(text) }
    }
  }

  @Test func variablesAreRead() throws {
    let configuration = try ClientConfiguration(variables: [
      "VAULT_ADDR": "http://a:1", "VAULT_AGENT_ADDR": "http://agent:2", "VAULT_SKIP_VERIFY": "T",
      "VAULT_CLIENT_TIMEOUT": "5", "VAULT_MAX_RETRIES": "7", "VAULT_HEADERS": #"{"X-A":"b","X-L":["1","2"]}"#,
    ])
    #expect(configuration.address.authority == "agent:2")
    #expect(configuration.tls.skipsVerification)
    #expect(configuration.timeout == .seconds(5))
    #expect(configuration.retries.limit == 7)
    #expect(configuration.headers.map(\.name) == ["X-A", "X-L", "X-L"])
    #expect(try ClientConfiguration(variables: [:]).address.origin == "https://127.0.0.1:8200")
    for (name, value) in [
      ("VAULT_SKIP_VERIFY", "maybe"), ("VAULT_MAX_RETRIES", "-1"), ("VAULT_CLIENT_TIMEOUT", "never"),
      ("VAULT_HEADERS", "[]"), ("VAULT_HEADERS", #"{"X-Vault-Token":"t"}"#),
    ] {
      #expect(throws: ConfigurationError.self) { try ClientConfiguration(variables: [name: value]) }
    }
  }

  @Test func proxiesKnowTheirExceptions() throws {
    let rules = ProxyRules(variables: [
      "HTTPS_PROXY": "http://p:3128", "http_proxy": "q:80", "NO_PROXY": "internal.example, other.example:8200",
    ])
    #expect(rules.proxy(for: try ServerAddress("https://vault.example")) == "http://p:3128")
    #expect(rules.proxy(for: try ServerAddress("http://vault.example")) == "q:80")
    #expect(rules.proxy(for: try ServerAddress("https://a.internal.example")) == nil)
    #expect(rules.proxy(for: try ServerAddress("https://other.example:8200")) == nil)
    #expect(rules.proxy(for: try ServerAddress("https://other.example")) != nil)
    #expect(rules.proxy(for: try ServerAddress("https://127.0.0.1:8200")) == nil)
    let always = ProxyRules(variables: ["VAULT_HTTP_PROXY": "http://v:1"])
    #expect(always.proxy(for: try ServerAddress("https://127.0.0.1:8200")) == "http://v:1")
  }

  @Test func pathsAreCleanedAndEscaped() {
    #expect(RequestTarget.path("secret//data/a b/") == "/v1/secret/data/a%20b")
    #expect(RequestTarget.path("a/../../b/./c?d#e%") == "/v1/b/c%3Fd%23e%25")
    #expect(RequestTarget.path("ä", base: "/x") == "/x/v1/%C3%A4")
    #expect(RequestTarget.query([("a b", "c&d"), ("e", "f+g")]) == "a+b=c%26d&e=f%2Bg")
  }

  @Test func retriesAreForWhatMayPass() {
    let policy = RetryPolicy()
    for status in [412, 429, 500, 502, 503] { #expect(policy.repeats(status: status)) }
    for status in [200, 400, 403, 404, 472, 501] { #expect(!policy.repeats(status: status)) }
    let delay = policy.delay(attempt: 2, retryAfter: nil, random: .seeded(1))
    #expect(delay >= .milliseconds(2000) && delay <= .milliseconds(3000))
    #expect(policy.delay(attempt: 1, retryAfter: 3, random: .seeded(1)) == .seconds(3))
  }
}
