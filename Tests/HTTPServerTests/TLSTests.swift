import Glibc
import Primitives
import Testing

@testable import HTTPServer

/// A self-signed certificate with its key, made by the openssl program.
struct Identity {
  let certificate: String
  let key: String

  init(_ folder: TemporaryFolder, _ name: String) {
    certificate = "\(folder.path)/\(name).pem"
    key = "\(folder.path)/\(name).key"
    _ = run([
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
      "-subj",
      "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
    ])
  }

  var der: [UInt8] { run(["openssl", "x509", "-in", certificate, "-outform", "DER"]).output }

  func settings(_ change: (inout TLSSettings) -> Void = { _ in }) -> ListenerSettings {
    var tls = TLSSettings(certificateFile: certificate, keyFile: key)
    change(&tls)
    return ListenerSettings(address: .tcp(host: "127.0.0.1", port: 0), tls: tls)
  }
}

@Suite(.timeLimit(.minutes(1))) struct TLSTests {
  private func curl(_ live: LiveServer, _ path: String, _ more: String...) -> (status: Int32, text: String) {
    let result = run(["curl", "-s", "--max-time", "20"] + more + ["https://127.0.0.1:\(live.port)\(path)"])
    return (result.status, String(decoding: result.output, as: UTF8.self))
  }

  @Test func bothProtocolsAndBodies() throws {
    let folder = TemporaryFolder()
    let server = Identity(folder, "server")
    let live = try LiveServer(server.settings()) { request in
      if request.path == "/echo" { return HTTPResponse(status: 200, body: .bytes(request.body)) }
      if request.path == "/stream" { return answerPlainly(request) }
      return HTTPResponse(status: 200, body: .bytes(Array("\(request.protocolName) \(request.isTLS)".utf8)))
    }
    let body = folder.path + "/body"
    _ = run(["openssl", "rand", "-out", body, "1048576"])
    let sent = run(["cat", body]).output
    for version in ["--http1.1", "--http2"] {
      #expect(
        curl(live, "/", version, "--cacert", server.certificate).text
          == (version == "--http2" ? "HTTP/2.0 true" : "HTTP/1.1 true"))
      let echo = run([
        "curl", "-s", "--max-time", "20", version, "-k", "--data-binary", "@\(body)",
        "https://127.0.0.1:\(live.port)/echo",
      ])
      #expect(echo.output == sent && sent.count == 1 << 20)
      #expect(curl(live, "/stream", version, "-k").text == "onetwothree")
    }
    let twice = run([
      "curl", "-sk", "--max-time", "20", "--http1.1", "https://127.0.0.1:\(live.port)/",
      "https://127.0.0.1:\(live.port)/",
    ])
    #expect(String(decoding: twice.output, as: UTF8.self) == "HTTP/1.1 trueHTTP/1.1 true")
    #expect(eventually { live.server.statistics.openConnections == 0 })
  }

  @Test func versionsAndProtocolsThatAreOff() throws {
    let folder = TemporaryFolder()
    let server = Identity(folder, "server")
    let newest = try LiveServer(server.settings { $0.minVersion = .tls13 })
    #expect(curl(newest, "/", "-k").status == 0)
    #expect(curl(newest, "/", "-k", "--tls-max", "1.2").status != 0)
    let older = try LiveServer(
      server.settings {
        $0.maxVersion = .tls12
        $0.cipherSuites = ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
        $0.http2 = false
      })
    let report = run([
      "curl", "-sk", "--http2", "-w", "%{http_version}", "-o", "/dev/null", "https://127.0.0.1:\(older.port)/",
    ])
    #expect(String(decoding: report.output, as: UTF8.self) == "1.1")
    #expect(curl(older, "/", "-k", "--tlsv1.3").status != 0)
    #expect(curl(older, "/", "-k", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256").status != 0)
    let oldest = try LiveServer(
      server.settings {
        $0.minVersion = .tls10
        $0.maxVersion = .tls11
      })
    #expect(curl(oldest, "/", "-k", "--ciphers", "DEFAULT:@SECLEVEL=0", "--tlsv1.0").status == 0)
  }

  @Test func clientCertificates() throws {
    let folder = TemporaryFolder()
    let server = Identity(folder, "server")
    let client = Identity(folder, "client")
    let other = Identity(folder, "other")
    let size: @Sendable (HTTPRequest) -> HTTPResponse = { request in
      HTTPResponse(status: 200, body: .bytes(request.clientCertificate ?? []))
    }
    func get(_ live: LiveServer, _ identity: Identity?) -> (status: Int32, output: [UInt8]) {
      let own = identity.map { ["--cert", $0.certificate, "--key", $0.key] } ?? []
      return run(["curl", "-sk", "--max-time", "20"] + own + ["https://127.0.0.1:\(live.port)/"])
    }
    let asking = try LiveServer(server.settings(), answer: size)
    #expect(get(asking, client).output == client.der)
    #expect(get(asking, other).output == other.der)
    #expect(get(asking, nil) == (0, []))
    let requiring = try LiveServer(
      server.settings {
        $0.requireClientCertificate = true
        $0.clientCAFile = client.certificate
      }, answer: size)
    #expect(get(requiring, client).output == client.der)
    #expect(get(requiring, other).status != 0)
    #expect(get(requiring, nil).status != 0)
    let silent = try LiveServer(server.settings { $0.disableClientCertificates = true }, answer: size)
    #expect(get(silent, client) == (0, []))
    #expect(eventually { requiring.server.statistics.requests == 1 })
  }

  @Test func plainRequestIsToldOfTLS() throws {
    let folder = TemporaryFolder()
    let live = try LiveServer(Identity(folder, "server").settings())
    let client = live.connect()
    client.send("GET /v1/sys/health HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(client.rest() == "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
    let rubbish = live.connect()
    rubbish.send([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5])
    rubbish.finishSending()
    _ = rubbish.rest()
    #expect(eventually { live.server.statistics.openConnections == 1 })
  }

  @Test func slowHandshakesAreCutOff() throws {
    let folder = TemporaryFolder()
    var limits = ServerLimits()
    limits.timeouts.header = .milliseconds(100)
    let live = try LiveServer(Identity(folder, "server").settings(), limits: limits)
    let client = live.connect()
    client.send([0x16, 3, 1])
    #expect(client.rest() == "")
    #expect(eventually { live.server.statistics.openConnections == 0 })
  }

  @Test func reloadedCertificatesAreForNewConnections() throws {
    let folder = TemporaryFolder()
    let server = Identity(folder, "server")
    let next = Identity(folder, "next")
    let live = try LiveServer(server.settings())
    let first = server.der
    #expect(curl(live, "/", "--cacert", server.certificate).status == 0)
    _ = run(["cp", server.certificate, folder.path + "/first.pem"])
    _ = run(["cp", next.certificate, server.certificate])
    // The new certificate has come, its key has not: nothing changes.
    #expect(throws: HTTPServerError.self) { try live.server.reloadCertificates() }
    #expect(curl(live, "/", "--cacert", folder.path + "/first.pem").status == 0)
    _ = run(["cp", next.key, server.key])
    try live.server.reloadCertificates()
    #expect(curl(live, "/", "--cacert", next.certificate).status == 0)
    #expect(curl(live, "/", "--cacert", folder.path + "/first.pem").status != 0)
    #expect(first != next.der)
  }

  @Test func settingsThatCannotWorkAreNamed() throws {
    let folder = TemporaryFolder()
    let server = Identity(folder, "server")
    let other = Identity(folder, "other")
    func problem(_ change: (inout TLSSettings) -> Void) -> String? {
      do {
        let handler = ClosureHandler(answer: answerPlainly)
        _ = try HTTPServer(listeners: [server.settings(change)], handler: handler)
        return nil
      } catch {
        return error.message
      }
    }
    let missing = folder.path + "/missing"
    let loading = "error loading TLS cert: "
    #expect(problem { $0.certificateFile = missing } == "\(loading)open \(missing): no such file or directory")
    #expect(problem { $0.keyFile = missing } == "\(loading)open \(missing): no such file or directory")
    #expect(
      problem { $0.keyFile = other.key }
        == "\(loading)the private key in \(other.key) does not match the certificate in \(server.certificate)")
    #expect(
      problem { $0.certificateFile = server.key }?.hasPrefix("\(loading)\(server.key) holds no usable PEM certificate")
        == true)
    #expect(problem { $0.keyFile = server.certificate }?.contains("holds no usable PEM key") == true)
    #expect(problem { $0.cipherSuites = ["TLS_NO_SUCH"] } == "unsupported cipher \"TLS_NO_SUCH\"")
    #expect(problem { $0.maxVersion = .tls11 } == "the lowest TLS version is above the highest")
    let locked = folder.path + "/locked.key"
    _ = run(["openssl", "ec", "-in", server.key, "-aes128", "-passout", "pass:x", "-out", locked])
    #expect(problem { $0.keyFile = locked }?.contains("without a password") == true)
  }
}
