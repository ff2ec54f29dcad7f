internal import AuditChain
internal import Client
internal import JSONText
internal import SecretMemory

struct AuditVerifyCommand: Command {
  let words = ["audit", "verify"]
  let synopsis = "Prove that a chained audit log is as it was written"
  let usage = "FILE ..."
  let details = """
    Reads the files of a log that a file device wrote with chain=true, rotated ones too and in any order, and says of
    every line that was changed, and of every place where lines were cut, added or put elsewhere.

        $ coffer audit verify /var/log/coffer/audit.log*

    Lines cut from the very end leave no trace in the files: give the newest digest that you keep elsewhere with
    -anchor, or let the running server be asked for it with -device.

    Exit status: 0 the log is whole; 1 the command was used wrongly or a file cannot be read; 2 the log is not as it
    was written; 3 the last line is not whole, as after a crash, and everything else is.
    """
  let arity = Arity.atLeast(1)
  let shares: SharedFlags = [.client, .format]
  private let keyFile = Flag<String>("key-file", "File with the key of the chain, where the device has one.")
  private let anchor = Flag<[String]>(
    "anchor", "SEQ:HASH of an entry that must be there, as an earlier run printed it. Repeatable.")
  private let device = Flag<String>(
    "device", "Ask the server for the newest entry of this device, which must be there.")
  private let partial = Flag<Bool>("partial", "The log may begin in the middle, as when old files were deleted.")
  var flags: [any AnyFlag] { [anchor, device, keyFile, partial] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    var anchors: [ChainVerifier.Anchor] = []
    for text in call[anchor] { anchors.append(try Self.anchor(text)) }
    // Before the files are read: what the server writes meanwhile comes after it.
    if call.isSet(device) { anchors.append(try head(call)) }
    var verifier = ChainVerifier(key: try key(call), anchors: anchors, acceptsMissingBeginning: call[partial])
    let files = try ChainedFiles.inOrder(call.arguments, call.environment)
    var report = VerifyReport(files: files, output: output)
    for (index, path) in files.enumerated() {
      if index > 0 { verifier.nextFile() }
      try call.environment.lines(of: path) { line in
        switch line {
        case .whole(let bytes): verifier.read(bytes)
        case .unfinished(let bytes): verifier.read(bytes, isWhole: false)
        // Nobody wrote that line.
        case .tooLong: verifier.read([])
        }
        report.add(verifier.take())
        return true
      }
    }
    verifier.finish()
    report.add(verifier.take())
    report.finish(verifier)
    if report.status != 0 { throw CommandFailure(status: report.status) }
  }

  static func anchor(_ text: String) throws(CommandFailure) -> ChainVerifier.Anchor {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let sequence = Int64(parts[0]), sequence > 0, parts[1].utf8.count == 64 else {
      throw .local("Invalid anchor \"\(text)\": expected SEQ:HASH, such as verify prints")
    }
    return ChainVerifier.Anchor(sequence: sequence, hash: parts[1].lowercased())
  }

  private func key(_ call: Invocation) throws(CommandFailure) -> ChainKey {
    guard let path = call.given(keyFile) else { return .plain }
    switch call.environment.files.read(call.environment.expanded(path)) {
    case .failure(let error): throw .local("Error reading the key: \(error)")
    case .success(let bytes):
      guard bytes.count <= 4096, let key = ChainKey(SecretBytes(copying: bytes)) else {
        throw .local("Error reading the key: it must have \(ChainKey.leastBytes) to 4096 bytes")
      }
      return key
    }
  }

  private func head(_ call: Invocation) throws(CommandFailure) -> ChainVerifier.Anchor {
    let client = try call.client()
    let path = Invocation.trimmed(call[device])
    let secret = try call.attempt("Error reading the newest entry") { () throws(APIError) in
      try client.read("sys/audit-chain/\(path)")
    }
    guard let data = secret?.data, let sequence = data["seq"]?.int64Value, let hash = data["hash"]?.stringValue else {
      throw .remote("Error reading the newest entry: the server does not tell")
    }
    return ChainVerifier.Anchor(sequence: sequence, hash: hash)
  }
}
