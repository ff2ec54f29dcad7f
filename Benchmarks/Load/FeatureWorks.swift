/// What is measured beside secrets and tokens, with the mounts and keys that it needs.
extension Bench {
  /// Reads that have more to be decided about, and wrapping.
  func rightsWorks(_ client: Client) throws -> [Work] {
    try client.done("POST", "/v1/sys/mounts/limited", "{\"type\":\"kv\",\"options\":{\"version\":\"2\"}}")
    try client.done("POST", "/v1/limited/data/k", "{\"data\":{\"value\":\"v\"}}")
    try client.done("POST", "/v1/sys/quotas/rate-limit/bench", "{\"path\":\"limited/\",\"rate\":1000000000}")
    let limited = request("GET", "/v1/limited/data/k", token: client.token)
    let wrap = request(
      "POST", "/v1/sys/wrapping/wrap", token: client.token, body: "{\"value\":\"v\"}",
      headers: "X-Vault-Wrap-TTL: 60\r\n")
    return [
      Work(name: "read, rate limit") { _ in limited },
      Work(name: "wrap") { _ in wrap },
    ]
  }

  func loginWorks(_ client: Client) throws -> [Work] {
    let policy =
      "path \\\"kv/data/*\\\" { capabilities = [\\\"read\\\"] } "
      + "path \\\"kv/data/{{identity.entity.id}}/*\\\" { capabilities = [\\\"update\\\"] }"
    try client.done("PUT", "/v1/sys/policies/acl/templated", "{\"policy\":\"\(policy)\"}")
    try client.done("POST", "/v1/sys/auth/approle", "{\"type\":\"approle\"}")
    try client.done("POST", "/v1/auth/approle/role/bench", "{\"token_policies\":\"templated\",\"token_ttl\":\"1h\"}")
    try client.done("POST", "/v1/sys/auth/userpass", "{\"type\":\"userpass\"}")
    try client.done("POST", "/v1/auth/userpass/users/bench", "{\"password\":\"bench\",\"token_ttl\":\"1h\"}")
    guard let role = try client.done("GET", "/v1/auth/approle/role/bench/role-id").text("role_id"),
      let secret = try client.done("POST", "/v1/auth/approle/role/bench/secret-id", "{}").text("secret_id")
    else { throw Problem("AppRole gave no ids") }
    let ids = "{\"role_id\":\"\(role)\",\"secret_id\":\"\(secret)\"}"
    guard let token = try client.done("POST", "/v1/auth/approle/login", ids).text("client_token") else {
      throw Problem("AppRole gave no token")
    }
    let templated = request("GET", "/v1/kv/data/k1", token: token)
    let approle = request("POST", "/v1/auth/approle/login", token: nil, body: ids)
    let userpass = request("POST", "/v1/auth/userpass/login/bench", token: nil, body: "{\"password\":\"bench\"}")
    return [
      Work(name: "read, templates") { _ in templated },
      Work(name: "AppRole login", goal: "17 %") { _ in approle },
      Work(name: "userpass login") { _ in userpass },
    ]
  }

  func transitWorks(_ client: Client) throws -> [Work] {
    try client.done("POST", "/v1/sys/mounts/transit", "{\"type\":\"transit\"}")
    let kinds = ["aes256-gcm96", "ed25519", "ecdsa-p256", "rsa-2048"]
    for kind in kinds { try client.done("POST", "/v1/transit/keys/\(kind)", "{\"type\":\"\(kind)\"}") }
    // 32 bytes.
    let plain = "{\"plaintext\":\"\(String(repeating: "QUJD", count: 10))QUI=\"}"
    guard let sealed = try client.done("POST", "/v1/transit/encrypt/aes256-gcm96", plain).text("ciphertext") else {
      throw Problem("transit gave no ciphertext")
    }
    let batch = "{\"batch_input\":[\((0..<100).map { _ in plain }.joined(separator: ","))]}"
    func work(_ name: String, _ path: String, _ body: String, goal: String? = nil) -> Work {
      let bytes = request("POST", "/v1/transit/" + path, token: client.token, body: body)
      return Work(name: name, goal: goal) { _ in bytes }
    }
    let input = "{\"input\":\"\(String(repeating: "QUJD", count: 10))QUI=\"}"
    return [
      work("transit encrypt", "encrypt/aes256-gcm96", plain, goal: "65 %"),
      work("transit decrypt", "decrypt/aes256-gcm96", "{\"ciphertext\":\"\(sealed)\"}"),
      work("transit, 100 at once", "encrypt/aes256-gcm96", batch),
      work("sign, Ed25519", "sign/ed25519", input),
      work("sign, ECDSA P-256", "sign/ecdsa-p256", input),
      work("sign, RSA 2048", "sign/rsa-2048", input),
    ]
  }
}
