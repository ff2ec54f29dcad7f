import EngineAPI
import JSONText
import Primitives
import Testing

@testable import KVEngine

struct PlainSecretsTests {
  @Test func valuesAreReplacedAsAWhole() throws {
    let kv = try MountedKV(version: nil)
    #expect(try kv.call(.read, "app/db").status == 404)
    #expect(try kv.call(.update, "app/db", ["user": "a", "password": "first"]).status == 204)
    #expect(try kv.call(.update, "app/db", ["password": "second"]).status == 204)
    let read = try kv.call(.read, "app/db")
    #expect(read == Answer(status: 200, data: ["password": "second"], leaseDuration: 2_764_800))
    #expect(try kv.call(.delete, "app/db").status == 204)
    #expect(try kv.call(.delete, "app/db").status == 204)
    #expect(try kv.call(.read, "app/db").status == 404)
  }

  @Test func aReadIsOneReadOfStorage() throws {
    let kv = try MountedKV(version: "1")
    try kv.call(.update, "k", ["a": 1])
    #expect(try kv.store.readsDuring { try kv.call(.read, "k") } == 1)
  }

  @Test func numbersKeepTheirTextAndNamesAreSorted() throws {
    let kv = try MountedKV(version: nil)
    let body = #"{"b":{"z":1.0,"y":[1e3,0.1000]},"a":12345678901234567890,"Z":"<&>"}"#
    try kv.call(.update, "n", try #require(try JSONParser.parse(body).objectValue))
    let stored = try #require(try kv.store.get("mount/s/n"))
    let text = String(decoding: try PlainRecord(stored.bytes).json, as: UTF8.self)
    #expect(text == #"{"Z":"\u003c\u0026\u003e","a":12345678901234567890,"b":{"y":[1e3,0.1000],"z":1.0}}"#)
  }

  @Test func numbersBeyondAFloatAreRefused() throws {
    let kv = try MountedKV(version: nil)
    for text in ["1E400", "-1e309", String(repeating: "9", count: 400)] {
      let answer = try kv.call(.update, "n", ["deep": [["n": .number(JSONNumber(text: text))]]])
      #expect(answer.status == 400, "\(text.prefix(10))")
    }
    #expect(try kv.call(.update, "n", ["n": .number(JSONNumber(text: "1e308"))]).status == 204)
  }

  static let durations: [(JSONObject, Int64)] = [
    (["k": "v"], 2_764_800), (["ttl": "1h30m"], 5400), (["ttl": 90], 90), (["ttl": "75"], 75), (["ttl": "2d"], 172_800),
    (["lease": "10m"], 600), (["ttl": "20m", "lease": "10m"], 1200), (["ttl": "soon"], 2_764_800),
    (["ttl": "soon", "lease": "10m"], 2_764_800), (["ttl": "10000h"], 36_000_000), (["ttl": "1w"], 2_764_800),
    (["ttl": ""], 0), (["ttl": 0], 0), (["ttl": nil], 0), (["ttl": "-5m"], -300), (["ttl": -60], -60),
    (["ttl": .number(JSONNumber(text: "1.5"))], 2_764_800), (["ttl": "1500ms"], 1), (["ttl": true], 2_764_800),
    (["ttl": ["seconds": 5]], 2_764_800), (["ttl": [1]], 2_764_800),
  ]

  @Test(arguments: durations) func leaseDurationIsWhatTheValueSays(fields: JSONObject, seconds: Int64) throws {
    let kv = try MountedKV(version: nil)
    try kv.call(.update, "k", fields)
    let read = try kv.call(.read, "k")
    #expect(read.leaseDuration == seconds)
    #expect(read.data == .object(fields))
  }

  @Test func leaseDurationFollowsTheMountWhereTheValueSaysNothing() throws {
    let kv = try MountedKV(version: nil)
    try kv.call(.update, "k", ["a": "b"])
    kv.settings.withLock { $0.defaultTTL = .seconds(300) }
    #expect(try kv.call(.read, "k").leaseDuration == 300)
  }

  @Test func listsHaveFoldersAndKeysInByteOrder() throws {
    let kv = try MountedKV(version: nil)
    for key in ["shop", "shop/prod/db", "shop/test", "Zebra", "10", "9"] { try kv.call(.update, key, ["k": "v"]) }
    func keys(_ path: String, _ fields: JSONObject = [:]) throws -> JSONValue? {
      try kv.call(.list, path, fields).data?["keys"]
    }
    #expect(try keys("") == ["10", "9", "Zebra", "shop", "shop/"])
    #expect(try keys("shop") == ["prod/", "test"])
    #expect(try keys("shop/") == ["prod/", "test"])
    #expect(try keys("", ["after": "9", "limit": 2]) == ["Zebra", "shop"])
    #expect(try kv.call(.list, "sho").status == 404)
    #expect(try kv.call(.list, "Zebra").status == 404)
    #expect(try kv.call(.list, "", ["limit": "many"]).status == 400)
  }

  @Test func whatCannotBeWritten() throws {
    let kv = try MountedKV(version: nil)
    #expect(try kv.call(.update, "k").errors == ["missing data fields"])
    #expect(try kv.call(.update, "k/", ["a": 1]).errors == ["cannot write to a path ending in '/'"])
    #expect(try kv.call(.update, "", ["a": 1]).errors == ["missing path"])
    for operation in [Operation.read, .update, .delete, .list] {
      let answer = try kv.call(operation, "a..b", ["a": 1])
      #expect(answer == Answer(status: 400, errors: ["relative paths not supported"]))
    }
    #expect(try kv.call(.patch, "k", ["a": 1]).errors == ["1 error occurred:\n\t* unsupported operation\n\n"])
    #expect(kv.store.keys.isEmpty)
  }

  @Test func prefixesOfVersion2AreOrdinaryFolders() throws {
    let kv = try MountedKV(version: "1")
    try kv.call(.update, "data/app", ["data": ["k": "v"], "path": "elsewhere"])
    #expect(try kv.call(.read, "data/app").data == ["data": ["k": "v"], "path": "elsewhere"])
    #expect(try kv.call(.list, "").data?["keys"] == ["data/"])
  }

  @Test(arguments: ["0", "3", "one", ""]) func otherVersionsAreRefused(version: String) {
    #expect(throws: EngineError.self) { try MountedKV(version: version) }
  }
}

struct UpgradeTests {
  @Test func valuesBecomeFirstVersions() throws {
    let kv = try MountedKV(version: nil)
    try kv.call(.update, "billing", ["n": .number(JSONNumber(text: "12345678901234567890"))])
    for number in 0..<300 { try kv.call(.update, "shop/\(number % 7)/k\(number)", ["i": .int(number)]) }
    try kv.upgrade()
    let read = try kv.version("billing")
    #expect(read.data?["data"] == ["n": .number(JSONNumber(text: "12345678901234567890"))])
    #expect(read.data?["metadata"]?["version"] == 1)
    #expect(try kv.call(.read, "metadata/billing").data?["oldest_version"] == 1)
    for number in 0..<300 {
      #expect(try kv.version("shop/\(number % 7)/k\(number)").data?["data"] == ["i": .int(number)])
    }
    #expect(try kv.call(.list, "metadata").data?["keys"] == ["billing", "shop/"])
    #expect(!kv.store.keys.contains { $0.hasPrefix("mount/s/") })
    let write = try kv.call(.update, "data/billing", ["data": ["k": "v"], "options": ["cas": 1]])
    #expect(write.data?["version"] == 2)
  }

  @Test(arguments: 1...8) func anInterruptedUpgradeGoesOnWhereItStopped(commit: Int) throws {
    let kv = try MountedKV(version: nil)
    for number in 0..<300 { try kv.call(.update, "k\(number)", ["i": .int(number)]) }
    kv.store.state.withLock { $0.failsFrom = $0.commits + commit }
    do { try kv.upgrade() } catch {}
    kv.store.state.withLock { $0.failsFrom = nil }
    try kv.remount()
    for number in 0..<300 { #expect(try kv.version("k\(number)").data?["data"] == ["i": .int(number)]) }
  }

  @Test func anUpgradeThatNeverBeganIsDoneAtTheFirstRequest() throws {
    let kv = try MountedKV(version: nil)
    try kv.call(.update, "k", ["a": "b"])
    kv.settings.withLock { $0.options["version"] = "2" }
    try kv.remount()
    #expect(try kv.version("k").data?["data"] == ["a": "b"])
  }

  @Test func writersOfVersion1AreRefusedFromTheBeginning() throws {
    let store = MemoryLogicalStore()
    let old = try MountedKV(version: nil, store: store)
    try old.call(.update, "k", ["a": "b"])
    let new = try MountedKV(version: nil, store: store)
    try new.upgrade()
    for operation in [Operation.update, .delete, .read, .list] {
      let answer = try old.call(operation, "k", ["a": "late"])
      #expect(answer.status == 400)
      #expect(answer.errors.first?.hasPrefix("Upgrading from non-versioned to versioned data.") == true)
    }
    #expect(try new.version("k").data?["data"] == ["a": "b"])
  }
}
