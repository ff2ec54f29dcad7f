/// All commands by their first word. Only the branch that is called is ever built.
struct CommandTree {
  struct Topic: Sendable {
    let name: String
    let synopsis: String
    let commands: @Sendable () -> [any Command]
  }

  private let additional: [any Command]

  init(additional: [any Command] = []) { self.additional = additional }

  /// Commands whose first word this is.
  func commands(_ first: String) -> [any Command] {
    let added = additional.filter { $0.words.first == first }
    let own = Self.topic(first)?.commands() ?? []
    let known = own + added
    return known.isEmpty ? Self.absent(first).map { [$0] } ?? [] : known
  }

  /// The command with the longest match at the beginning of `words`.
  func command(_ words: [String]) -> (any Command)? {
    guard let first = words.first else { return nil }
    let matches = commands(first).filter { words.starts(with: $0.words) }
    return matches.max { $0.words.count < $1.words.count }
  }

  /// Commands that begin with `words` and go on.
  func below(_ words: [String]) -> [any Command] {
    if let first = words.first {
      return commands(first).filter { $0.words.count > words.count && $0.words.starts(with: words) }
    }
    return Self.topics.flatMap { $0.commands() } + additional
  }

  /// The words that may come next, each once, with what they lead to.
  func next(_ words: [String]) -> [(word: String, synopsis: String)] {
    if words.isEmpty {
      let topics = Self.topics.map { ($0.name, $0.synopsis) }
      let more = additional.filter { command in
        command.words.count == 1 && !topics.contains { $0.0 == command.words[0] }
      }
      return topics + more.map { ($0.words[0], $0.synopsis) }
    }
    var seen: Set<String> = []
    return below(words).compactMap { command in
      let word = command.words[words.count]
      guard seen.insert(word).inserted else { return nil }
      return (word, command.words.count == words.count + 1 ? command.synopsis : "Commands about \(word)")
    }
  }

  /// Commands that other programs of this kind have.
  private static func absent(_ name: String) -> AbsentCommand? {
    switch name {
    case "agent", "proxy", "pki": AbsentCommand(name, reason: "it is not built yet")
    case "events": AbsentCommand(name, reason: "the server sends no events")
    case "hcp", "license", "transform", "sentinel": AbsentCommand(name, reason: "it belongs to a product of others")
    default: nil
    }
  }

  static func topic(_ name: String) -> Topic? { topics.first { $0.name == name } }

  static var topics: [Topic] {
    [
      Topic(name: "read", synopsis: ReadCommand().synopsis) { [ReadCommand()] },
      Topic(name: "write", synopsis: WriteCommand().synopsis) { [WriteCommand()] },
      Topic(name: "delete", synopsis: DeleteCommand().synopsis) { [DeleteCommand()] },
      Topic(name: "list", synopsis: ListCommand().synopsis) { [ListCommand()] },
      Topic(name: "patch", synopsis: PatchCommand().synopsis) { [PatchCommand()] },
      Topic(name: "login", synopsis: LoginCommand().synopsis) { [LoginCommand()] },
      Topic(name: "status", synopsis: StatusCommand().synopsis) { [StatusCommand()] },
      Topic(name: "unwrap", synopsis: UnwrapCommand().synopsis) { [UnwrapCommand()] },
      Topic(name: "kv", synopsis: "Work with secrets of the key-value engine") {
        [
          KVGetCommand(), KVPutCommand(), KVPatchCommand(), KVListCommand(), KVDeleteCommand(), KVUndeleteCommand(),
          KVDestroyCommand(), KVRollbackCommand(), KVEnableVersioningCommand(), KVMetadataGetCommand(),
          KVMetadataPutCommand(), KVMetadataPatchCommand(), KVMetadataDeleteCommand(),
        ]
      },
      Topic(name: "transit", synopsis: "Bring keys to the transit engine") {
        [TransitImportCommand(), TransitImportVersionCommand()]
      },
      Topic(name: "ssh", synopsis: SSHCommand().synopsis) { [SSHCommand(), SSHVerifyCommand()] },
      Topic(name: "policy", synopsis: "Work with policies") {
        [
          PolicyListCommand(), PolicyReadCommand(), PolicyWriteCommand(), PolicyDeleteCommand(), PolicyFormatCommand(),
          PolicyExplainCommand(), PolicyTestCommand(), PolicySimulateCommand(),
        ]
      },
      Topic(name: "token", synopsis: "Work with tokens") {
        [
          TokenCreateCommand(), TokenLookupCommand(), TokenRenewCommand(), TokenRevokeCommand(),
          TokenCapabilitiesCommand(),
        ]
      },
      Topic(name: "secrets", synopsis: "Mount and unmount secrets engines") {
        [
          SecretsListCommand(), SecretsEnableCommand(), SecretsDisableCommand(), SecretsMoveCommand(),
          SecretsTuneCommand(),
        ]
      },
      Topic(name: "auth", synopsis: "Mount and unmount auth methods") {
        [
          AuthListCommand(), AuthEnableCommand(), AuthDisableCommand(), AuthMoveCommand(), AuthTuneCommand(),
          AuthHelpCommand(),
        ]
      },
      Topic(name: "audit", synopsis: "Start and stop audit devices, and read what they wrote") {
        [
          AuditListCommand(), AuditEnableCommand(), AuditDisableCommand(), AuditQueryCommand(), AuditVerifyCommand(),
        ]
      },
      Topic(name: "lease", synopsis: "Work with leases") {
        [LeaseLookupCommand(), LeaseRenewCommand(), LeaseRevokeCommand()]
      },
      Topic(name: "operator", synopsis: "Run a server: initialize, unseal, back up") {
        [
          OperatorInitCommand(), OperatorUnsealCommand(), OperatorSealCommand(), OperatorStepDownCommand(),
          OperatorKeyStatusCommand(), OperatorRotateCommand(), OperatorMembersCommand(),
          OperatorGenerateRootCommand(), OperatorRekeyCommand(), RaftListPeersCommand(), RaftRemovePeerCommand(),
          RaftJoinCommand(), RaftSnapshotSaveCommand(), RaftSnapshotRestoreCommand(), AutopilotStateCommand(),
          AutopilotGetConfigCommand(), AutopilotSetConfigCommand(), OperatorUsageCommand(),
        ]
      },
      Topic(name: "namespace", synopsis: "Work with namespaces, where the server has them") {
        [
          NamespaceListCommand(), NamespaceLookupCommand(), NamespaceCreateCommand(), NamespacePatchCommand(),
          NamespaceDeleteCommand(), NamespaceLockCommand(), NamespaceUnlockCommand(),
        ]
      },
      Topic(name: "plugin", synopsis: "Work with the catalog of plugins") {
        [
          PluginListCommand(), PluginInfoCommand(), PluginRegisterCommand(), PluginDeregisterCommand(),
          PluginReloadCommand(), PluginRuntimeListCommand(),
        ]
      },
      Topic(name: "monitor", synopsis: MonitorCommand().synopsis) { [MonitorCommand()] },
      Topic(name: "debug", synopsis: DebugCommand().synopsis) { [DebugCommand()] },
      Topic(name: "completion", synopsis: CompletionCommand().synopsis) { [CompletionCommand()] },
      Topic(name: "print", synopsis: "Print what commands work with") { [PrintTokenCommand()] },
      Topic(name: "path-help", synopsis: PathHelpCommand().synopsis) { [PathHelpCommand()] },
      Topic(name: "version", synopsis: VersionCommand().synopsis) { [VersionCommand()] },
      Topic(name: "version-history", synopsis: VersionHistoryCommand().synopsis) { [VersionHistoryCommand()] },
    ]
  }
}
