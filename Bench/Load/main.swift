internal import Glibc

let usage = """
  usage: coffer-bench --bin COFFER --bare BARE-ROUTE [--seconds 1] [--rounds 3] [--connections 32] [--secrets 100000]

  Measures a durable server as users run it (Raft storage, audit to a file, a static seal) beside a bare route of the same
  HTTP stack, in turns, and prints each figure with its share of the bare route's. All on this machine: the load takes its part.
  """

var options = ["bin": "", "bare": "", "seconds": "1", "rounds": "3", "connections": "32", "secrets": "100000"]
var words = CommandLine.arguments.dropFirst()
while let word = words.popFirst() {
  guard word.hasPrefix("--"), options[String(word.dropFirst(2))] != nil, let value = words.popFirst() else {
    fputs(usage + "\n", stderr)
    exit(1)
  }
  options[String(word.dropFirst(2))] = value
}
guard let binary = options["bin"], let bare = options["bare"], !binary.isEmpty, !bare.isEmpty,
  let seconds = options["seconds"].flatMap(Double.init), let rounds = options["rounds"].flatMap(Int.init), rounds > 0,
  let connections = options["connections"].flatMap(Int.init), connections > 0,
  let secrets = options["secrets"].flatMap(Int.init)
else {
  fputs(usage + "\n", stderr)
  exit(1)
}
setvbuf(stdout, nil, _IOLBF, 0)
do {
  var template = Array("/tmp/coffer-bench-XXXXXX".utf8CString)
  guard let made = mkdtemp(&template) else { throw Problem("no temporary folder") }
  let folder = String(cString: made)
  defer { removeFolder(folder) }
  try Bench(
    binary: binary, bare: bare, folder: folder, seconds: seconds, rounds: rounds, connections: connections,
    secrets: secrets
  ).run()
} catch {
  fputs("coffer-bench: \(error)\n", stderr)
  exit(1)
}

func removeFolder(_ path: String) {
  nftw(path, { path, _, _, _ in path.map { remove($0) } ?? 0 }, 16, Int32(FTW_DEPTH.rawValue | FTW_PHYS.rawValue))
}
