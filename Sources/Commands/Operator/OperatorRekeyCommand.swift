internal import Client
internal import JSONText

struct OperatorRekeyCommand: Command {
  let words = ["operator", "rekey"]
  let synopsis = "Make new shares of the unseal key"
  let usage = "[KEY]"
  let details = """
    Begins with -init and the numbers wanted; goes on with one call for each of the present shares; ends with the new
    ones. With -verify at the beginning, the new shares count only when they have been given once with -verify.

        $ coffer operator rekey -init -key-shares=5 -key-threshold=3
        $ coffer operator rekey
    """
  let arity = Arity.between(0, 1)
  let shares: SharedFlags = [.client, .format]
  private let initiate = OperatorFlags.initiate
  private let cancel = OperatorFlags.cancel
  private let status = OperatorFlags.status
  private let verify = Flag<Bool>(
    "verify", "With -init, ask for verification; otherwise the call is about verification.")
  private let nonce = OperatorFlags.nonce
  private let target = Flag<String>("target", default: "barrier", "\"barrier\" or \"recovery\".")
  private let keyShares = Flag<Int64>("key-shares", aliases: ["n"], default: 5, "How many shares to make.")
  private let keyThreshold = Flag<Int64>(
    "key-threshold", aliases: ["t"], default: 3, "How many shares are needed.")
  private let pgpKeys = OperatorFlags.pgpKeys
  private let backup = Flag<Bool>("backup", "Keep the encrypted shares on the server as well.")
  private let backupRetrieve = Flag<Bool>("backup-retrieve", "Show the shares that were kept.")
  private let backupDelete = Flag<Bool>("backup-delete", "Delete the shares that were kept.")
  var flags: [any AnyFlag] {
    [
      initiate, cancel, status, verify, nonce, target, keyShares, keyThreshold, pgpKeys, backup, backupRetrieve,
      backupDelete,
    ]
  }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let base: String
    switch call[target] {
    case "barrier": base = "sys/rekey"
    case "recovery", "hsm": base = "sys/rekey-recovery-key"
    case let other: throw .local("Unknown target: \(other)")
    }
    let client = try call.client()
    func attempt(_ what: String, _ request: APIRequest) throws(CommandFailure) -> JSONObject {
      try call.attempt(what) { () throws(APIError) in try client.state(request) }
    }
    func done(_ what: String, _ request: APIRequest, _ words: String) throws(CommandFailure) {
      _ = try call.attempt(what) { () throws(APIError) in try client.raw(request) }
      output.line(words)
    }
    let area = call[verify] && !call[initiate] ? "verify" : "init"
    if call[backupDelete] {
      return try done(
        "Error deleting backed-up keys", APIRequest("DELETE", backupPath(base)),
        "Success! Delete backup keys (if they existed)")
    }
    if call[backupRetrieve] {
      let kept = try attempt("Error retrieving backed-up keys", APIRequest("GET", backupPath(base)))
      return output.data(kept)
    }
    if call[initiate] { return try begin(call, output, base, attempt) }
    if call[cancel] {
      var request = APIRequest("DELETE", "\(base)/\(area)")
      if call.isSet(nonce) { request.body = JSONText(["nonce": .string(call[nonce])] as JSONObject).bytes }
      return try done("Error canceling rekey", request, "Success! Canceled rekeying (if it was started)")
    }
    let state = try attempt("Error getting rekey status", APIRequest("GET", "\(base)/\(area)"))
    if call[status] { return show(state, output) }
    guard state["started"]?.boolValue == true else {
      throw .local("No rekey is in progress. Begin one with \"\(call.programName) operator rekey -init\".")
    }
    let running = state["nonce"]?.stringValue ?? ""
    let share = try KeyShare(call, nonce: call[nonce], running: running)
    let path = area == "verify" ? "\(base)/verify" : "\(base)/update"
    let body: JSONObject = ["key": .string(share.key), "nonce": .string(share.nonce)]
    let answer = try attempt("Error posting unseal key", APIRequest("PUT", path, body: body))
    finish(answer, output, isVerification: area == "verify")
  }

  private func backupPath(_ base: String) -> String {
    base == "sys/rekey" ? "sys/rekey/backup" : "sys/rekey/recovery-key-backup"
  }

  private func begin(
    _ call: Invocation, _ output: Output, _ base: String,
    _ attempt: (String, APIRequest) throws(CommandFailure) -> JSONObject
  ) throws(CommandFailure) {
    var body: JSONObject = [
      "secret_shares": .int(call[keyShares]), "secret_threshold": .int(call[keyThreshold]),
      "backup": .bool(call[backup]), "require_verification": .bool(call[verify]),
    ]
    if call.isSet(pgpKeys) { body["pgp_keys"] = .array(try OperatorFlags.keys(call[pgpKeys], call)) }
    let state = try attempt("Error initializing rekey", APIRequest("PUT", "\(base)/init", body: body))
    if output.isTable && !call.isSet(pgpKeys) {
      call.warn("WARNING! The new shares will be printed in the clear and cannot be shown again.\n")
    }
    show(state, output)
  }

  private func show(_ state: JSONObject, _ output: Output) {
    if !output.isTable { return output.structured(.object(state)) }
    func text(_ name: String) -> String { state[name].cell }
    let started = state["started"]?.boolValue ?? false
    var rows = [("Nonce", text("nonce")), ("Started", String(started))]
    if started {
      // The state of a verification names no number of its own.
      let needed = state["required"] != nil ? text("required") : text("t")
      rows += [
        ("Rekey Progress", "\(text("progress"))/\(needed)"), ("New Shares", text("n")), ("New Threshold", text("t")),
      ]
      if state["verification_required"] != nil {
        rows.append(("Verification Required", text("verification_required")))
      }
      if !text("verification_nonce").isEmpty { rows.append(("Verification Nonce", text("verification_nonce"))) }
    }
    if let prints = state["pgp_fingerprints"]?.arrayValue, !prints.isEmpty {
      rows.append(("PGP Fingerprints", JSONValue.array(prints).plainText))
      rows.append(("Backup", text("backup")))
    }
    output.line(Table.keyValue(rows))
  }

  private func finish(_ answer: JSONObject, _ output: Output, isVerification: Bool) {
    guard answer["complete"]?.boolValue == true else { return show(answer, output) }
    if !output.isTable { return output.structured(.object(answer)) }
    if isVerification { return output.line("Success! The new shares are verified and count from now on.") }
    let prints = answer["pgp_fingerprints"]?.arrayValue ?? []
    for (i, key) in (answer["keys_base64"]?.arrayValue ?? []).enumerated() {
      let whose = i < prints.count ? " fingerprint: \(prints[i].plainText); value" : ""
      output.line("Key \(i + 1)\(whose): \(key.plainText)")
    }
    output.line("\nOperation nonce: \(answer["nonce"]?.plainText ?? "")\n")
    if answer["verification_required"]?.boolValue == true {
      output.line("The new shares do not count yet: give enough of them with -verify, and this nonce:")
      output.line("Verification nonce: \(answer["verification_nonce"]?.plainText ?? "")")
    } else {
      output.line("Success! The new shares count from now on; the old ones no longer do.")
    }
  }
}
