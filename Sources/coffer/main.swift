internal import Commands
internal import Glibc

let program = CommandLine.arguments.first ?? "coffer"
let status = runCommand(
  Array(CommandLine.arguments.dropFirst()), programName: program.split(separator: "/").last.map(String.init) ?? program,
  environment: .system(version: Version.number),
  additional: [ServerCommand(), DiagnoseCommand(), SnapshotInspectCommand()])
exit(status)
