import AuditAPI
import AuditChain
import Commands
import Testing

private func entry(
  _ number: Int, path: String = "secret/data/app", operation: String = "read", type: String = "request",
  address: String = "10.1.2.3", more: String = ""
) -> String {
  """
  {"auth":{"accessor":"hmac-sha256:acc","display_name":"mona","entity_id":"e\(number)"\(more)},\
  "request":{"id":"r\(number)","operation":"\(operation)","path":"\(path)","remote_address":"\(address)"},\
  "time":"2023-11-14T2\(number):00:00.5Z","type":"\(type)"}

  """
}

/// Chained entries, a file each.
private func chained(_ files: [[String]]) -> [[UInt8]] {
  var writer = ChainWriter(key: .plain, head: nil, newID: "0123456789abcdef")
  return files.map { entries in writer.link(Array(entries.joined().utf8)) }
}

private func world(_ files: [String: [UInt8]]) -> World {
  let world = World()
  world.files = files
  return world
}

@Test func verifyPutsFilesInOrder() {
  let parts = chained([[entry(0), entry(1)], [entry(2)], [entry(3), entry(4)]])
  let world = world(["a.log": parts[2], "a.log.1": parts[1], "a.log.2": parts[0]])
  #expect(world.run("audit", "verify", "a.log", "a.log.1", "a.log.2") == 0)
  #expect(world.output.hasPrefix("The log is whole: 5 entries.\nNewest entry: 5:"))
  #expect(world.run("audit", "verify", "-format=json", "a.log", "a.log.2") == 2)
  #expect(world.output.contains(#""message": "is entry 4: entry 3 is not there""#))
  #expect(world.output.contains(#""verdict": "altered""#))
  #expect(world.run("audit", "verify", "a.log") == 2)
  #expect(world.run("audit", "verify", "-partial", "a.log") == 0)
  #expect(world.run("audit", "verify", "nothing") == 1)
  #expect(world.errors == "Error reading the log: open nothing: no such file or directory\n")
}

@Test func verifyTellsFileAndLine() {
  let log = chained([[entry(0), entry(1), entry(2)]])[0]
  var lines = log.split(separator: 10).map { Array($0) + [10] }
  lines[1][40] ^= 1
  let world = world(["a.log": lines.flatMap { $0 }, "torn.log": Array(log.dropLast(9))])
  #expect(world.run("audit", "verify", "a.log") == 2)
  #expect(world.output.hasPrefix("a.log:2: is not as it was written\nThe log is NOT as it was written.\n"))
  #expect(world.run("audit", "verify", "torn.log") == 3)
  #expect(world.output.hasPrefix("torn.log:3: is not whole: a crash, or the end was cut\n"))
}

@Test func verifyHoldsTheLogAgainstDigests() {
  let parts = chained([[entry(0), entry(1)], [entry(2)]])
  let world = world(["1": parts[0], "2": parts[1], "key": Array("short".utf8)])
  #expect(world.run("audit", "verify", "1", "2") == 0)
  let anchor = String(world.output.split(separator: "\n")[1].dropFirst("Newest entry: ".count))
  #expect(world.run("audit", "verify", "-anchor=\(anchor)", "1", "2") == 0)
  #expect(world.run("audit", "verify", "-anchor=\(anchor)", "1") == 2)
  #expect(world.run("audit", "verify", "-anchor=3:abc", "1") == 1)
  #expect(world.run("audit", "verify", "-key-file=key", "1") == 1)
  let hash = anchor.dropFirst(2)
  let answer = #"{"data":{"id":"0123456789abcdef","seq":3,"hash":"\#(hash)"}}"#
  world.on("GET /v1/sys/audit-chain/main", 200, answer)
  #expect(world.run("audit", "verify", "-device=main/", "1", "2") == 0)
  world.on("GET /v1/sys/audit-chain/main", 200, answer)
  #expect(world.run("audit", "verify", "-device=main", "1") == 2)
  world.on("GET /v1/sys/audit-chain/main", 403, refusal("permission denied"))
  #expect(world.run("audit", "verify", "-device=main", "1") == 2)
  #expect(world.errors.contains("permission denied"))
}

private let log = [
  entry(0), entry(1, path: "secret/data/app/deep", operation: "create"),
  entry(2, path: "sys/mounts", operation: "list", type: "response", address: "192.0.2.7"),
  entry(3, path: "secret/data/x", more: #","policy_results":{"allowed":false}"#), "no entry\n",
]

private func found(_ words: String..., answers: (World) -> Void = { _ in }) -> [String] {
  let world = world(["a.log": Array(log.joined().utf8)])
  answers(world)
  let environment = ["audit", "query"] + words + ["a.log"]
  world.runAll(environment)
  return world.output.split(separator: "\n").dropFirst(2).map { line in
    String(line.split(separator: " ", omittingEmptySubsequences: true).last ?? "")
  }
}

@Test func queryFindsWhatIsAskedFor() {
  #expect(found().count == 4)
  #expect(found("-path=secret/data/*") == ["secret/data/app", "secret/data/x"])
  #expect(found("-path=secret/**").count == 3)
  #expect(found("-path=secret/data/?") == ["secret/data/x"])
  #expect(found("-path=**/deep") == ["secret/data/app/deep"])
  #expect(found("-operation=list") == ["sys/mounts"])
  #expect(found("-type=response") == ["sys/mounts"])
  #expect(found("-entity=e1") == ["secret/data/app/deep"])
  #expect(found("-request-id=r3") == ["secret/data/x"])
  #expect(found("-remote-address=192.0.2.0/24") == ["sys/mounts"])
  #expect(found("-denied") == ["secret/data/x"])
  #expect(found("-since=2023-11-14T22:00:00Z").count == 2)
  #expect(found("-until=2023-11-14T21:00:00Z") == ["secret/data/app"])
  // The clock of these tests stands at 22:13:20.
  #expect(found("-since=1h").count == 2)
  #expect(found("-limit=1").count == 1)
  #expect(found("-accessor=hmac-sha256:acc").count == 4)
  #expect(found("-value=mona", "-denied") == ["secret/data/x"])
  #expect(found("-value=mon") == [])
}

@Test func queryHasTheServerHashWhatIsLookedFor() {
  let hashed = { (world: World) in
    _ = world.on("PUT /v1/sys/audit-hash/file", 200, #"{"data":{"hash":"hmac-sha256:acc"}}"#)
  }
  #expect(found("-device=file", "-accessor=A1", "-denied", answers: hashed) == ["secret/data/x"])
  #expect(
    found(
      "-device=file", "-value=-",
      answers: {
        hashed($0); $0.input = "A1\n"
      }
    ).count == 4)
  let world = world(["a.log": Array(log.joined().utf8)])
  world.on("PUT /v1/sys/audit-hash/file", 200, #"{"data":{"hash":"hmac-sha256:other"}}"#)
  #expect(world.run("audit", "query", "-device=file", "-value=secret", "a.log") == 2)
  #expect(world.body(0) == #"{"input":"secret"}"#)
  #expect(!world.output.contains("secret/") && world.output == "No entries match.\n")
}

@Test func queryPrintsJSONThatCanBeReadAsOne() {
  let world = world(["a.log": Array(log.joined().utf8)])
  #expect(world.run("audit", "query", "-format=json", "-operation=read", "a.log") == 0)
  #expect(world.output.hasPrefix("[\n{\"auth\":") && world.output.hasSuffix("}\n]\n"))
  #expect(world.output.split(separator: "\n").count == 5)
  #expect(world.errors == "1 lines are no entries and were passed over\n")
  #expect(world.run("audit", "query", "-format=json", "-operation=no", "a.log") == 2)
  #expect(world.output == "[]\n")
}

@Test func queriesThatMakeNoSense() {
  let world = world(["a.log": []])
  #expect(world.run("audit", "query") == 1)
  #expect(world.run("audit", "query", "-since=soon", "a.log") == 1)
  #expect(world.run("audit", "query", "-remote-address=here", "a.log") == 1)
  #expect(world.run("audit", "query", "-value=", "a.log") == 1)
  #expect(world.run("audit", "query", "-value=-", "-") == 1)
  #expect(world.run("audit", "query", "none") == 1)
}

/// What clients sent is shown without what moves a terminal's cursor.
@Test func queryShowsNoControlCharacters() {
  let world = world(["a.log": Array(entry(0, path: #"a\u001b[2J\nb"#).utf8)])
  #expect(world.run("audit", "query", "a.log") == 0)
  #expect(!world.output.contains("\u{1B}"))
  #expect(world.output.split(separator: "\n").count == 3)
}

/// Whatever a file holds, both commands come to an end and say something.
@Test func damagedLogsAreRead() {
  var state: UInt64 = 7
  func random(_ below: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % max(1, below)
  }
  let whole = chained([log.dropLast().map { $0 }])[0]
  for _ in 0..<300 {
    var bytes = whole
    for _ in 0...random(6) {
      let at = random(bytes.count)
      switch random(4) {
      case 0: bytes[at] = UInt8(random(256))
      case 1: bytes.remove(at: at)
      case 2: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + random(80))], at: random(bytes.count))
      default: bytes.removeSubrange(at..<min(bytes.count, at + random(200)))
      }
      if bytes.isEmpty { bytes = [10] }
    }
    let world = world(["a.log": bytes])
    let status = world.run("audit", "verify", "a.log")
    #expect(status == 2 || status == 3 || whole.starts(with: bytes))
    #expect([0, 2].contains(world.run("audit", "query", "-path=**/a*", "-value=mona", "a.log")))
  }
}
