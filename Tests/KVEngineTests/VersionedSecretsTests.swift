import EngineAPI
import JSONText
import Primitives
import Testing

@testable import KVEngine

struct VersionedSecretsTests {
  let kv: MountedKV
  init() throws { kv = try MountedKV(version: "2") }

  func metadata(_ key: String) throws -> JSONValue { try #require(try kv.call(.read, "metadata/" + key).data) }

  @Test func aWriteAnswersTheNewVersionsMetadata() throws {
    let first = try kv.call(.update, "data/app", ["data": ["b": 1, "a": "x"]])
    let described: JSONValue = [
      "created_time": "2023-11-14T22:13:20Z", "custom_metadata": nil, "deletion_time": "", "destroyed": false,
      "version": 1,
    ]
    #expect(first == Answer(status: 200, data: described))
    #expect(try kv.version("app") == Answer(status: 200, data: ["data": ["a": "x", "b": 1], "metadata": described]))
  }

  @Test func aReadIsTwoReadsOfStorage() throws {
    try kv.put("app", ["a": 1])
    _ = try kv.version("app")
    #expect(try kv.store.readsDuring { _ = try kv.version("app") } == 2)
    #expect(try kv.store.readsDuring { _ = try kv.version("absent") } == 1)
  }

  @Test func aWriteIsOneCommit() throws {
    try kv.call(.update, "config", ["max_versions": 1])
    try kv.put("app", ["a": 1])
    let before = kv.store.state.withLock { $0.commits }
    try kv.put("app", ["a": 2])
    #expect(kv.store.state.withLock { $0.commits } == before + 1)
    #expect(kv.store.keys == ["mount/config", "mount/m/app", "mount/v/app/2"])
  }

  @Test func versionsAreReadByNumber() throws {
    for n in 1...3 { try kv.put("app", ["n": .int(n)]) }
    #expect(try kv.version("app", 1).data?["data"] == ["n": 1])
    #expect(try kv.version("app", 0).data?["data"] == ["n": 3])
    #expect(try kv.version("app", -1).data?["data"] == ["n": 3])
    #expect(try kv.version("app", 4) == Answer(status: 404))
    for bad: JSONValue in ["two", "1.0", "1,2", "99999999999999999999"] {
      let answer = try kv.call(.read, "data/app", ["version": bad])
      #expect(answer.status == 400)
      #expect(
        answer.errors.first?.hasPrefix("Field validation failed: error converting input for field \"version\"") == true)
    }
    #expect(try kv.call(.read, "data/app", ["version": "02"]).data?["data"] == ["n": 2])
    #expect(try kv.call(.read, "data/app", ["version": ""]).data?["data"] == ["n": 3])
  }

  @Test func nullAndTheEmptyObjectAreValues() throws {
    #expect(try kv.call(.update, "data/null", ["data": nil]).status == 200)
    let read = try kv.version("null")
    #expect(read.status == 200 && read.data?["data"] == .some(.null))
    #expect(try kv.call(.update, "data/empty", ["data": [:]]).status == 200)
    #expect(try kv.version("empty").data?["data"] == [:])
  }

  @Test func bodiesWithoutAValueAreRefused() throws {
    for fields: JSONObject in [[:], ["k": "v"], ["options": ["cas": 1]]] {
      #expect(try kv.call(.update, "data/app", fields).errors == ["no data provided"])
    }
    for value: JSONValue in ["text", "", 12, ["a"], true, "{\"k\":\"v\"}"] {
      let answer = try kv.call(.update, "data/app", ["data": value])
      #expect(answer.status == 400)
      #expect(answer.errors.first?.hasPrefix("error converting input for field \"data\": ") == true)
    }
    let options = try kv.call(.update, "data/app", ["data": [:], "options": "text"])
    #expect(options.errors.first?.hasPrefix("error converting input for field \"options\": ") == true)
    let patch = try kv.call(.patch, "data/app", ["data": "text"])
    #expect(
      patch.errors.first?.hasPrefix("Field validation failed: error converting input for field \"data\": ") == true)
    #expect(kv.store.keys.isEmpty)
  }

  static let mismatch = "check-and-set parameter did not match the current version"

  @Test func checkAndSet() throws {
    func write(_ cas: JSONValue?) throws -> Answer {
      var fields: JSONObject = ["data": ["k": "v"]]
      if let cas { fields["options"] = ["cas": cas] }
      return try kv.call(.update, "data/app", fields)
    }
    #expect(try write(1).errors == [Self.mismatch])
    #expect(try write(0).data?["version"] == 1)
    #expect(try write(0).errors == [Self.mismatch])
    #expect(try write("1").data?["version"] == 2)
    #expect(try write(true).errors == [Self.mismatch])
    #expect(try write("").errors == [Self.mismatch])
    #expect(try write(.null).errors == [Self.mismatch])
    for bad: JSONValue in [.number(JSONNumber(text: "2.0")), "two", [2], ["a": 1]] {
      #expect(try write(bad) == Answer(status: 400, errors: ["error parsing check-and-set parameter"]))
    }
    try kv.call(.delete, "data/app")
    #expect(try write(0).errors == [Self.mismatch])
    #expect(try write(2).data?["version"] == 3)
  }

  @Test func checkAndSetCanBeRequiredByKeyAndMount() throws {
    let required = ["check-and-set parameter required for this call"]
    try kv.put("app", ["a": 1])
    try kv.call(.update, "metadata/app", ["cas_required": true])
    #expect(try kv.call(.update, "data/app", ["data": [:], "options": [:]]).errors == required)
    try kv.call(.update, "metadata/app", ["cas_required": false])
    try kv.call(.update, "config", ["cas_required": true])
    #expect(try kv.call(.update, "data/app", ["data": [:]]).errors == required)
    #expect(try kv.call(.update, "data/new", ["data": [:]]).errors == required)
    #expect(try kv.call(.patch, "data/app", ["data": [:]]).errors == required)
    let warned = try kv.call(.update, "metadata/app", ["cas_required": false])
    #expect(warned.status == 200 && warned.data == .some(.null))
    #expect(
      warned.warnings == [
        "\"cas_required\" set to false, but is mandated by backend config. This value will be ignored."
      ])
  }

  @Test func deletedVersionsAnswer404WithTheirMetadata() throws {
    try kv.put("app", ["n": 1])
    try kv.put("app", ["n": 2])
    kv.step(.seconds(5))
    #expect(try kv.call(.delete, "data/app").status == 204)
    let read = try kv.version("app")
    #expect(read.status == 404 && read.errors.isEmpty)
    #expect(read.data?["data"] == .some(.null))
    #expect(read.data?["metadata"]?["deletion_time"] == "2023-11-14T22:13:25Z")
    #expect(try kv.version("app", 1).status == 200)
    kv.step(.seconds(5))
    try kv.call(.delete, "data/app")
    #expect(try kv.version("app").data?["metadata"]?["deletion_time"] == "2023-11-14T22:13:25Z")
    #expect(try kv.call(.update, "undelete/app", ["versions": "1,2"]).status == 204)
    #expect(try kv.version("app").data?["data"] == ["n": 2])
    #expect(try kv.call(.delete, "data/never").status == 204)
  }

  @Test func destroyedVersionsStayAway() throws {
    for n in 1...3 { try kv.put("app", ["n": .int(n)]) }
    #expect(try kv.call(.update, "destroy/app", ["versions": [1, "3", 99, 0, -1]]).status == 204)
    #expect(!kv.store.keys.contains("mount/v/app/1") && !kv.store.keys.contains("mount/v/app/3"))
    try kv.call(.update, "undelete/app", ["versions": [1]])
    try kv.call(.update, "delete/app", ["versions": [1]])
    let read = try kv.version("app", 1)
    #expect(read.status == 404)
    #expect(read.data?["metadata"]?["destroyed"] == true && read.data?["metadata"]?["deletion_time"] == "")
    #expect(try kv.put("app", ["n": 4]) == 4)
  }

  @Test func versionNumbersAreRequired() throws {
    for (path, text) in [("delete", "No"), ("undelete", "No"), ("destroy", "no")] {
      for fields: JSONObject in [[:], ["versions": []], ["versions": ""], ["version": 1]] {
        #expect(try kv.call(.update, path + "/app", fields).errors == [text + " version number provided"])
      }
      for bad: JSONValue in [["one"], [.number(JSONNumber(text: "1.5"))]] {
        let answer = try kv.call(.update, path + "/app", ["versions": bad])
        #expect(answer.errors.first?.hasPrefix("Field validation failed: error converting") == true)
      }
      #expect(try kv.call(.update, path + "/missing", ["versions": [1]]).status == 204)
      #expect(try kv.call(.read, path + "/app").status == 405)
      #expect(try kv.call(.delete, path + "/app").status == 405)
    }
    #expect(kv.store.keys.isEmpty)
  }

  @Test func deletionByTime() throws {
    func deletion(_ key: String) throws -> JSONValue? {
      try kv.call(.update, "data/" + key, ["data": [:]]).data?["deletion_time"]
    }
    try kv.call(.update, "metadata/app", ["delete_version_after": "2s"])
    #expect(try deletion("app") == "2023-11-14T22:13:22Z")
    #expect(try kv.version("app").status == 200)
    kv.step(.seconds(2))
    #expect(try kv.version("app").status == 404)
    #expect(try kv.call(.patch, "data/app", ["data": [:]]).data?["version"] == 1)
    try kv.call(.update, "config", ["delete_version_after": "1s"])
    #expect(try deletion("app") == "2023-11-14T22:13:23Z")
    try kv.call(.update, "config", ["delete_version_after": "1h"])
    #expect(try deletion("app") == "2023-11-14T22:13:24Z")
    try kv.call(.update, "config", ["delete_version_after": "-5m"])
    #expect(try deletion("app") == "")
    #expect(try kv.call(.read, "config").data?["delete_version_after"] == "-1s")
    try kv.call(.update, "undelete/app", ["versions": [1]])
    #expect(try kv.version("app", 1).status == 200)
  }

  @Test func configuration() throws {
    #expect(
      try kv.call(.read, "config").data == ["cas_required": false, "delete_version_after": "0s", "max_versions": 0])
    for fields: JSONObject in [[:], ["colour": "blue"], ["delete_version_after": nil]] {
      #expect(try kv.call(.update, "config", fields).status == 204)
      #expect(kv.store.keys.isEmpty)
    }
    try kv.call(.update, "config", ["max_versions": "8", "cas_required": "true", "delete_version_after": "1h2m3.5s"])
    let set: JSONValue = ["cas_required": true, "delete_version_after": "1h2m3s", "max_versions": 8]
    #expect(try kv.call(.read, "config").data == set)
    for bad: JSONObject in [
      ["delete_version_after": "soon", "max_versions": 77], ["delete_version_after": [1]], ["cas_required": "perhaps"],
      ["max_versions": "many"], ["max_versions": .number(JSONNumber(text: "1.9"))], ["max_versions": [4]],
    ] {
      let answer = try kv.call(.update, "config", bad)
      #expect(answer.status == 400)
      #expect(answer.errors.first?.hasPrefix("Field validation failed: error converting input for field") == true)
      #expect(try kv.call(.read, "config").data == set)
    }
    #expect(try kv.call(.update, "config", ["max_versions": -1]).status == 400)
    try kv.call(.update, "config", ["max_versions": nil, "cas_required": nil, "delete_version_after": nil])
    #expect(
      try kv.call(.read, "config").data == [
        "cas_required": false, "delete_version_after": "1h2m3s", "max_versions": 0,
      ])
    #expect(try kv.call(.delete, "config").status == 405)
    #expect(try kv.call(.patch, "config", ["max_versions": 3]).status == 405)
  }

  @Test func metadataAloneMakesAKeyWithoutVersions() throws {
    try kv.call(.update, "metadata/app", ["max_versions": 3, "custom_metadata": ["n": 5, "b": true]])
    let stored = try metadata("app")
    #expect(stored["current_version"] == 0 && stored["versions"] == [:])
    #expect(stored["custom_metadata"] == ["b": "1", "n": "5"])
    #expect(try kv.version("app") == Answer(status: 404))
    #expect(try kv.call(.patch, "data/app", ["data": [:]]) == Answer(status: 404))
    let first = try kv.call(.update, "data/app", ["data": [:], "options": ["cas": 0]])
    #expect(first.data?["version"] == 1 && first.data?["custom_metadata"] == ["b": "1", "n": "5"])
    #expect(try kv.call(.update, "metadata/none", ["colour": "blue"]).status == 204)
    #expect(try kv.call(.read, "metadata/none").status == 404)
    #expect(try kv.call(.read, "metadata/app/").status == 200)
  }

  @Test func metadataIsPatched() throws {
    #expect(try kv.call(.patch, "metadata/app", ["max_versions": 3]) == Answer(status: 404))
    try kv.call(
      .update, "metadata/app",
      [
        "max_versions": 4, "cas_required": true, "delete_version_after": "2h",
        "custom_metadata": ["owner": "x", "stage": "prod"],
      ])
    try kv.call(.patch, "metadata/app", ["custom_metadata": ["stage": "test", "region": "eu", "owner": nil]])
    #expect(try metadata("app")["custom_metadata"] == ["region": "eu", "stage": "test"])
    try kv.call(.patch, "metadata/app", ["max_versions": nil, "cas_required": nil, "delete_version_after": nil])
    let reset = try metadata("app")
    #expect(reset["max_versions"] == 0 && reset["cas_required"] == false && reset["delete_version_after"] == "2h0m0s")
    #expect(try kv.call(.patch, "metadata/app", [:]).status == 204)
    try kv.call(.patch, "metadata/app", ["custom_metadata": nil])
    #expect(try metadata("app")["custom_metadata"] == .some(.null))
    let bad = try kv.call(.patch, "metadata/app", ["custom_metadata": "text"])
    #expect(bad.errors.first?.hasPrefix("Field validation failed: error converting") == true)
  }

  @Test func customMetadataHasLimits() throws {
    func errors(_ entries: JSONObject) throws -> [String] {
      try kv.call(.update, "metadata/app", ["max_versions": 33, "custom_metadata": .object(entries)]).errors
    }
    func one(_ text: String) -> [String] { ["1 error occurred:\n\t* custom_metadata validation failed: \(text)\n\n"] }
    func many(_ count: Int) -> JSONObject { JSONObject((0..<count).map { ("k\($0)", "v") }) }
    #expect(try errors(many(65)) == one("payload must contain at most 64 keys, provided 65"))
    #expect(try errors(["": "x"]) == one("length of key \"\" is 0 but must be 0 < len(key) <= 128"))
    #expect(try errors(["n": nil]) == one("length of value for key \"n\" is 0 but must be 0 < len(value) <= 512"))
    let umlauts = String(repeating: "ä", count: 257)
    #expect(
      try errors(["n": .string(umlauts)])
        == one("length of value for key \"n\" is 514 but must be 0 < len(value) <= 512"))
    #expect(try errors(["tab\tname": "v"]) == one("key \"tab\\tname\" (tab\tname) contains unprintable characters"))
    #expect(try errors(["name": "line\nbreak"]) == one("value for key \"name\" contains unprintable characters"))
    #expect(try errors(["": "", "tab\t": "\n"]).first?.hasPrefix("4 errors occurred:\n") == true)
    #expect(try errors(["n": ["x"]]).first?.hasPrefix("custom_metadata validation failed: ") == true)
    #expect(kv.store.keys.isEmpty)
    #expect(try errors(many(64)).isEmpty)
    #expect(try kv.call(.patch, "metadata/app", ["custom_metadata": ["one-more": "v"]]).status == 204)
    #expect(try errors(["Besitzer ": "Größe 🔐"]).isEmpty)
    let list = try kv.call(.update, "metadata/app", ["custom_metadata": ["a=b"]])
    #expect(list.errors.first?.hasPrefix("error converting input for field \"custom_metadata\": ") == true)
  }

  @Test func deletingMetadataRemovesEverythingOfTheKeyAndNothingElse() throws {
    for key in ["a", "a/1", "a/b"] { for n in 1...3 { try kv.put(key, ["n": .int(n)]) } }
    try kv.call(.update, "destroy/a", ["versions": [2]])
    #expect(try kv.call(.delete, "metadata/a").status == 204)
    #expect(try kv.call(.delete, "metadata/a/").status == 204)
    #expect(try kv.version("a") == Answer(status: 404))
    #expect(try kv.version("a/1").data?["data"] == ["n": 3])
    #expect(try kv.version("a/b", 1).data?["data"] == ["n": 1])
    #expect(kv.store.keys.filter { $0.hasPrefix("mount/v/") }.count == 6)
    #expect(try kv.put("a", ["n": 1]) == 1)
  }

  @Test func listsLeaveOutDeletedKeysWhereAsked() throws {
    for key in ["alive", "deleted", "destroyed", "folder/only"] { try kv.put(key, [:]) }
    try kv.call(.update, "metadata/expiring", ["delete_version_after": "1h"])
    try kv.put("expiring", [:])
    try kv.call(.update, "metadata/prepared", ["max_versions": 2])
    try kv.call(.delete, "data/deleted")
    try kv.call(.delete, "data/folder/only")
    try kv.call(.update, "destroy/destroyed", ["versions": [1]])
    #expect(
      try kv.call(.list, "metadata").data?["keys"] == [
        "alive", "deleted", "destroyed", "expiring", "folder/", "prepared",
      ])
    #expect(
      try kv.call(.list, "metadata/", ["exclude_deleted": "true"]).data?["keys"] == [
        "alive", "destroyed", "folder/", "prepared",
      ])
    #expect(try kv.call(.list, "metadata/folder", ["exclude_deleted": true]).status == 404)
    #expect(try kv.call(.list, "metadata", ["exclude_deleted": "perhaps"]).status == 400)
    #expect(try kv.call(.list, "metadata", ["limit": 1, "after": "alive"]).data?["keys"] == ["deleted"])
  }

  @Test func patchesAreMerged() throws {
    try kv.put(
      "app", ["user": "a", "note": "x", "db": ["host": "h", "port": 1, "tls": ["mode": "m"]], "hosts": ["a"]])
    let patch: JSONObject = [
      "note": nil, "absent": nil, "db": ["port": 2, "tls": ["ca": "x"]], "hosts": [nil, ["x": nil]],
      "fresh": ["keep": 1, "drop": nil], "user": ["name": "a"],
    ]
    #expect(try kv.call(.patch, "data/app", ["data": .object(patch)]).data?["version"] == 2)
    #expect(
      try kv.version("app").data?["data"] == [
        "user": ["name": "a"], "db": ["host": "h", "port": 2, "tls": ["mode": "m", "ca": "x"]],
        "hosts": [nil, ["x": nil]], "fresh": ["keep": 1],
      ])
    #expect(try kv.call(.patch, "data/app", ["data": nil]).data?["version"] == 3)
    #expect(try kv.version("app").data?["data"] == .some(.null))
    #expect(try kv.call(.patch, "data/app", ["data": ["k": 1], "options": ["cas": 2]]).errors == [Self.mismatch])
    #expect(try kv.call(.patch, "data/app", ["data": ["k": 1], "options": ["cas": 3]]).data?["version"] == 4)
    #expect(try kv.version("app").data?["data"] == ["k": 1])
    #expect(try kv.call(.patch, "data/missing", ["data": [:], "options": ["cas": 0]]) == Answer(status: 404))
    #expect(try kv.call(.patch, "data/app", [:]).errors == ["no data provided"])
  }

  @Test func subkeysShowNamesOnly() throws {
    try kv.put("app", ["user": "a", "hosts": ["x"], "empty": [:], "db": ["host": "h", "auth": ["user": "u"]]])
    func subkeys(_ fields: JSONObject = [:]) throws -> JSONValue? {
      try kv.call(.read, "subkeys/app", fields).data?["subkeys"]
    }
    let all: JSONValue = ["user": nil, "hosts": nil, "empty": nil, "db": ["host": nil, "auth": ["user": nil]]]
    #expect(try subkeys() == all)
    #expect(try subkeys(["depth": ""]) == all)
    #expect(try subkeys(["depth": 1]) == ["user": nil, "hosts": nil, "empty": nil, "db": nil])
    #expect(try subkeys(["depth": 2]) == ["user": nil, "hosts": nil, "empty": nil, "db": ["host": nil, "auth": nil]])
    #expect(try kv.call(.read, "subkeys/app", ["depth": "deep"]).status == 400)
    try kv.call(.delete, "data/app")
    let deleted = try kv.call(.read, "subkeys/app")
    #expect(deleted.status == 404 && deleted.data?["subkeys"] == .some(.null))
    #expect(try kv.call(.read, "subkeys/") == Answer(status: 404))
    #expect(try kv.call(.list, "subkeys/app/").status == 405)
  }

  @Test func authorsAreShownInTheMetadata() throws {
    let ada = MountedKV.person("userpass-ada", entity: "e-1")
    try kv.call(.update, "data/app", ["data": [:]])
    try kv.call(.update, "data/app", ["data": [:]], by: ada)
    try kv.call(.patch, "data/app", ["data": [:]], by: ada)
    try kv.call(.delete, "data/app", by: ada)
    try kv.call(.update, "delete/app", ["versions": [1]])
    let token: JSONValue = ["actor": "token", "operation": "update", "client_id": "digest"]
    func by(_ operation: String) -> JSONValue {
      ["actor": "userpass-ada", "operation": .string(operation), "client_id": "e-1", "entity_id": "e-1"]
    }
    let shown = try metadata("app")
    #expect(shown["last_updated_by"] == token)
    let versions = try #require(shown["versions"])
    #expect(versions["1"]?["created_by"] == ["actor": "token", "operation": "create", "client_id": "digest"])
    #expect(versions["1"]?["deleted_by"] == token)
    #expect(versions["2"]?["created_by"] == by("update") && versions["2"]?["deleted_by"] == .some(.null))
    #expect(versions["3"]?["created_by"] == by("patch") && versions["3"]?["deleted_by"] == by("delete"))
    try kv.call(.update, "undelete/app", ["versions": [1]], by: ada)
    try kv.call(.update, "destroy/app", ["versions": [2]])
    try kv.call(.update, "metadata/app", ["max_versions": 7])
    let after = try metadata("app")
    #expect(after["last_updated_by"] == by("undelete"))
    #expect(after["versions"]?["1"]?["deleted_by"] == .some(.null))
  }

  @Test func onlyNewVersionsMoveTheTimeOfUpdate() throws {
    try kv.put("app", [:])
    kv.step(.seconds(1))
    try kv.put("app", [:])
    kv.step(.seconds(1))
    try kv.call(.delete, "data/app")
    try kv.call(.update, "metadata/app", ["max_versions": 5])
    let shown = try metadata("app")
    #expect(shown["created_time"] == "2023-11-14T22:13:20Z" && shown["updated_time"] == "2023-11-14T22:13:21Z")
  }

  static let wrong: [(Operation, String, String)] = [
    (.read, "app", "get"), (.list, "app", "list"), (.list, "app/", "list"), (.update, "app", "put"),
    (.patch, "app", "patch"), (.delete, "app", "delete"), (.read, "", "get"), (.list, "", "list"),
    (.delete, "", "delete"), (.read, "data/", "get"), (.list, "data", "list"), (.list, "data/app", "list"),
    (.list, "data/app/", "list"), (.read, "data/app/", "get"), (.delete, "data/app/", "delete"),
    (.read, "config/", "get"), (.list, "config", "list"), (.list, "config/", "list"), (.read, "config/more", "get"),
    (.read, "subkeys", "get"), (.read, "database", "get"), (.read, "Data/app", "get"),
  ]

  @Test(arguments: wrong) func wrongPathsSayWhatToUse(operation: Operation, path: String, verb: String) throws {
    let answer = try kv.call(operation, path, ["k": "v"])
    #expect(answer.status == 404 && answer.data == .some(.null) && answer.errors.isEmpty)
    #expect(answer.warnings.first?.hasPrefix("Invalid path for a versioned K/V secrets engine.") == true)
    #expect(answer.warnings.first?.hasSuffix(" use 'coffer kv \(verb)' for this operation.") == true)
  }

  @Test func theRootsOfPrefixes() throws {
    let text = ["Non-listing operations on the root of a K/V v2 mount are not supported."]
    for (operation, path): (Operation, String) in [
      (.read, "data"), (.update, "data"), (.delete, "data"), (.read, "metadata"), (.update, "metadata"),
      (.delete, "metadata"), (.update, "delete"), (.update, "undelete"), (.update, "destroy"),
    ] {
      let answer = try kv.call(operation, path, ["data": [:]])
      #expect(answer.status == 404 && answer.warnings == text, "\(operation) \(path)")
    }
    #expect(try kv.call(.read, "metadata/") == Answer(status: 404))
    #expect(try kv.call(.delete, "metadata/").status == 204)
    for path in ["data/x/", "metadata/x/", "delete/x/", "data/", "x/"] {
      for operation in [Operation.update, .patch] where operation == .update || path != "delete/x/" {
        let answer = try kv.call(operation, path, ["data": [:], "max_versions": 1])
        #expect(answer.errors == ["cannot write to a path ending in '/'"], "\(operation) \(path)")
      }
    }
    let field = try kv.call(.update, "metadata/x", ["max_versions": "many"])
    #expect(field.errors.first?.hasPrefix("error converting input for field \"max_versions\": ") == true)
    #expect(try kv.call(.read, "data/../x").status == 400)
    #expect(try kv.call(.update, "data/a..b", ["data": [:]]).status == 200)
  }

  @Test func damagedRecordsAreNamedAndDoNotStopTheProgram() throws {
    try kv.put("app", ["a": 1])
    for key in ["mount/m/app", "mount/v/app/1"] {
      let whole = try #require(try kv.store.get(key)).bytes
      for count in 0..<min(whole.count, 60) {
        kv.store.state.withLock { $0.values[key]?.bytes = Array(whole.prefix(count)) }
        _ = try? kv.call(.read, "data/app")
        _ = try? kv.call(.read, "metadata/app")
        _ = try? kv.call(.read, "subkeys/app")
        _ = try? kv.call(.patch, "data/app", ["data": [:], "options": ["cas": 7]])
      }
      kv.store.state.withLock { $0.values[key]?.bytes = whole }
    }
    #expect(try kv.version("app").data?["data"] == ["a": 1])
  }
}
