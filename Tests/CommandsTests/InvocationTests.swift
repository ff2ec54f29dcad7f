import Primitives
import Testing

@testable import Commands

@Suite struct InvocationTests {
  let world = World()

  @Test(arguments: [
    (["read"], "Not enough arguments (expected 1, got 0)"),
    (["kv", "get"], "Not enough arguments (expected 1, got 0)"),
    (["policy", "write"], "Not enough arguments (expected 2, got 0)"),
    (["list", "a", "b"], "Too many arguments (expected 1, got 2)"),
    (["read", "-nosuchflag", "x"], "flag provided but not defined: -nosuchflag"),
    (["read", "-field"], "flag needs an argument: -field"),
    (["token", "create", "-ttl=soon"], "invalid value \"soon\" for flag -ttl: time: invalid duration \"soon\""),
    (
      ["token", "create", "-orphan=maybe"],
      "invalid boolean value \"maybe\" for -orphan: strconv.ParseBool: parsing \"maybe\": invalid syntax"
    ),
    (["read", "-format=xml", "x"], "Invalid output format: xml"),
    (["read", "-header=X-Vault-Token=1", "x"], "Setting headers starting with 'X-Vault-' is not allowed"),
  ]) func mistakesOnTheCommandLineExitOne(_ words: [String], _ message: String) {
    #expect(run(words) == 1)
    #expect(world.errors == message + "\n")
    #expect(world.requests.isEmpty)
  }

  private func run(_ words: [String]) -> Int32 {
    switch words.count {
    case 1: world.run(words[0])
    case 2: world.run(words[0], words[1])
    default: world.run(words[0], words[1], words[2])
    }
  }

  @Test func flagsTakeOneDashOrTwoAndTwoForms() {
    let answer = #"{"data":{"a":"b"}}"#
    for words in [["-field=a"], ["--field=a"], ["-field", "a"], ["--field", "a"]] {
      world.on("GET /v1/x", 200, answer)
      #expect((words.count == 1 ? world.run("read", words[0], "x") : world.run("read", words[0], words[1], "x")) == 0)
      #expect(world.output == "b")
    }
  }

  @Test func flagsMayStandBeforeTheCommand() {
    world.on("GET /v1/x", 200, #"{"data":{"a":"b"}}"#)
    #expect(world.run("-field", "a", "read", "x") == 0)
    #expect(world.output == "b")
  }

  @Test func flagsAfterDataAreDataAndWarnedOf() {
    world.on("PUT /v1/x", 204)
    #expect(world.run("write", "x", "a=b", "-format=json") == 0)
    #expect(world.body(0) == #"{"-format":"json","a":"b"}"#)
    #expect(world.errors.contains("The following arguments will not be parsed as flags: [-format=json]"))
  }

  @Test func flagsAfterOtherArgumentsCount() {
    world.onPreflight("secret/a").on("GET /v1/secret/data/a", 200, #"{"data":{"data":{"a":"b"}}}"#)
    #expect(world.run("kv", "get", "secret/a", "-field=a") == 0)
    #expect(world.output == "b")
  }

  @Test func variablesStandInForFlags() {
    world.variables["VAULT_FORMAT"] = "json"
    world.variables["VAULT_NAMESPACE"] = "/team"
    world.variables["VAULT_MAX_RETRIES"] = "0"
    world.on("GET /v1/x", 200, #"{"data":{"a":"b"}}"#)
    #expect(world.run("read", "x") == 0)
    #expect(world.output.hasPrefix("{\n"))
    #expect(world.header("X-Vault-Namespace") == "team/")
    #expect(world.run("read", "x") == 2)
    #expect(world.slept.isEmpty)
  }

  @Test func headersAndSecondFactorsGoAlong() {
    world.on("GET /v1/x", 200, #"{"data":{"a":"b"}}"#)
    #expect(world.run("read", "-header=X-Test=1=2", "-mfa=m:1", "-policy-override", "x") == 0)
    #expect(world.header("X-Test") == "1=2")
    #expect(world.header("X-Vault-MFA") == "m:1")
    #expect(world.header("X-Vault-Policy-Override") == "true")
  }

  @Test func unknownCommandsAreNoneAndGroupsAreMistakes() {
    #expect(world.run("frobnicate") == 127)
    #expect(world.run("kv") == 1)
    #expect(world.errors.contains("enable-versioning"))
    #expect(world.run("operator", "raft", "nothing") == 1)
    #expect(world.errors.contains("list-peers"))
    #expect(world.run("agent", "-config=x") == 1)
    #expect(world.errors == "\"agent\" is not available: it is not built yet.\n")
  }

  @Test func helpAndVersionSucceed() {
    for words in ["--help", "-h", "-v", "--version", "version"] { #expect(world.run(words) == 0) }
    #expect(world.run("version") == 0)
    #expect(world.output == "Vault v1.21.0+coffer.0.1.0 (Coffer)\n")
    #expect(world.run("kv", "get", "-h") == 0)
    #expect(world.output.hasPrefix("Usage: vault kv get [flags] KEY\n"))
    #expect(world.output.contains("$ vault kv get secret/app"))
    #expect(world.run("kv", "-help") == 0)
  }

  @Test func everyCommandHasHelpAndFlagsOfDifferentNames() {
    let tree = CommandTree()
    var seen: Set<[String]> = []
    for command in tree.below([]) {
      #expect(seen.insert(command.words).inserted)
      #expect(!command.synopsis.isEmpty && !command.synopsis.hasSuffix("."))
      var names: Set<String> = []
      for flag in command.flags + command.shares.flags {
        for name in [flag.name] + flag.aliases { #expect(names.insert(name).inserted, "\(command.words): \(name)") }
        #expect(!flag.help.isEmpty)
      }
      #expect(tree.command(command.words)?.words == command.words)
      #expect(HelpText.command(command, programName: "coffer").contains(command.synopsis))
    }
    #expect(seen.count > 80)
  }

  @Test func commandsFromOutsideAreFound() {
    struct Serve: Command {
      let words = ["server"]
      let synopsis = "Run a server"
      let shares: SharedFlags = []
      func run(_ call: Invocation) throws(CommandFailure) { throw CommandFailure(status: 3, "busy") }
    }
    #expect(world.run("server", additional: [Serve()]) == 3)
    #expect(world.errors == "busy\n")
  }

  @Test func requestsCanBeShownAsCurl() {
    world.onPreflight("secret/app").onPreflight("secret/app")
    #expect(world.run("kv", "get", "-output-curl-string", "secret/app") == 0)
    #expect(
      world.output == """
        curl -H "X-Vault-Request: true" -H "X-Vault-Token: $(vault print token)" \
        http://127.0.0.1:8200/v1/secret/data/app

        """)
    #expect(world.run("write", "-output-curl-string", "sys/policies/acl/p", "policy=it's") == 0)
    #expect(
      world.output == """
        curl -X PUT -H "X-Vault-Request: true" -H "X-Vault-Token: $(vault print token)" \
        -d '{"policy":"it'"'"'s"}' http://127.0.0.1:8200/v1/sys/policies/acl/p

        """)
    #expect(world.run("list", "-output-curl-string", "secret/metadata") == 0)
    #expect(world.output.hasSuffix("/v1/secret/metadata?list=true\n"))
  }

  @Test(arguments: [
    (["read", "-output-policy", "a/b"], "a/b", #""read""#),
    (["list", "-output-policy", "a/b"], "a/b", #""list""#),
    (["secrets", "enable", "-output-policy"], "sys/mounts/kv", #""create", "update""#),
    (["delete", "-output-policy", "sys/audit/file"], "sys/audit/file", #""delete", "sudo""#),
  ]) func requestsCanBeShownAsPolicies(_ words: [String], _ path: String, _ capabilities: String) {
    let status = words[0] == "secrets" ? world.run("secrets", "enable", words[2], "kv") : run(words)
    #expect(status == 0)
    #expect(world.output == "path \"\(path)\" {\n  capabilities = [\(capabilities)]\n}\n")
    #expect(world.requests.isEmpty)
  }

  @Test func shellsGetCandidates() {
    world.variables["COMP_LINE"] = "vault kv metadata p"
    #expect(world.run() == 0)
    #expect(world.output == "patch\nput\n")
    world.variables["COMP_LINE"] = "vault kv get -ver"
    #expect(world.run() == 0)
    #expect(world.output == "-version=\n")
    world.variables["COMP_LINE"] = "vault oper"
    #expect(world.run() == 0)
    #expect(world.output == "operator\n")
  }

  @Test func completionIsInstalledOnceAndRemoved() {
    world.files["/home/mona/.bashrc"] = Array("alias l=ls\n".utf8)
    #expect(world.run("-autocomplete-install") == 0)
    #expect(world.run("-autocomplete-install") == 0)
    #expect(
      world.files["/home/mona/.bashrc"] == Array("alias l=ls\ncomplete -o nospace -C /usr/bin/coffer vault\n".utf8))
    #expect(world.run("-autocomplete-uninstall") == 0)
    #expect(world.files["/home/mona/.bashrc"] == Array("alias l=ls\n".utf8))
  }

  @Test func colourIsForTerminals() {
    #expect(world.run("read") == 1)
    #expect(!world.errors.contains("\u{1B}"))
    world.isTerminal = true
    #expect(world.run("read") == 1)
    #expect(world.errors.hasPrefix("\u{1B}[31m"))
    world.variables["VAULT_CLI_NO_COLOR"] = "1"
    #expect(world.run("read") == 1)
    #expect(!world.errors.contains("\u{1B}"))
  }
}
