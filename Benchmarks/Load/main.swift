internal import Glibc

let usage = """
  usage: coffer-bench --bin COFFER --bare BARE-ROUTE [--seconds 1] [--rounds 3] [--connections 32] [--secrets 100000]
    [--leases 200000] [--only "KV v2 read"]

  Measures a durable server as users run it (Raft storage, audit to a file, a static seal) beside a bare route of the same
  HTTP stack, in turns, and prints each figure with its share of the bare route's. All on this machine: the load takes its part.
  """

var options = [
  "bin": "", "bare": "", "seconds": "1", "rounds": "3", "connections": "32", "secrets": "100000", "leases": "200000",
  "only": "",
]
var words = CommandLine.arguments.dropFirst()
while let word = words.popFirst() {
  guard word.hasPrefix("--"), options[String(word.dropFirst(2))] != nil, let value = words.popFirst() else {
    fail(usage)
  }
  options[String(word.dropFirst(2))] = value
}
guard let binary = options["bin"], let bare = options["bare"], !binary.isEmpty, !bare.isEmpty,
  let seconds = options["seconds"].flatMap(Double.init), let rounds = options["rounds"].flatMap(Int.init), rounds > 0,
  let connections = options["connections"].flatMap(Int.init), connections > 0,
  let secrets = options["secrets"].flatMap(Int.init), let leases = options["leases"].flatMap(Int.init)
else {
  fail(usage)
}
do {
  var template = Array("/tmp/coffer-bench-XXXXXX".utf8CString)
  guard let made = mkdtemp(&template) else { throw Problem("no temporary folder") }
  let folder = String(cString: made)
  defer { removeFolder(folder) }
  try Bench(
    binary: binary, bare: bare, folder: folder, seconds: seconds, rounds: rounds, connections: connections,
    secrets: secrets, leases: leases, only: options["only"] ?? ""
  ).run()
} catch {
  fail("coffer-bench: \(error)")
}

/// Of files and folders, without following links.
func removeFolder(_ path: String) {
  if let folder = opendir(path) {
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { removeFolder(path + "/" + name) }
    }
    closedir(folder)
    rmdir(path)
  } else {
    unlink(path)
  }
}

func fail(_ text: String) -> Never {
  let line = Array((text + "\n").utf8)
  write(STDERR_FILENO, line, line.count)
  exit(1)
}
