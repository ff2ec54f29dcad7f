internal import Client
internal import JSONText
internal import Primitives

struct OperatorGenerateRootCommand: Command {
  let words = ["operator", "generate-root"]
  let synopsis = "Make a root token with shares of the unseal key"
  let usage = "[KEY]"
  let details = """
    Begins with -init, which prints a one-time password (OTP); goes on with one call for each share; ends with an
    encoded token, which -decode and the OTP turn into the token.

        $ coffer operator generate-root -init
        $ coffer operator generate-root
        $ coffer operator generate-root -decode=ENCODED -otp=OTP
    """
  let arity = Arity.between(0, 1)
  let shares: SharedFlags = [.client, .format]
  private let initiate = OperatorFlags.initiate
  private let cancel = OperatorFlags.cancel
  private let status = OperatorFlags.status
  private let nonce = OperatorFlags.nonce
  private let drToken = OperatorFlags.drToken
  private let recoveryToken = OperatorFlags.recoveryToken
  private let decode = Flag<String>("decode", "An encoded token to decode; \"-\" for standard input. Needs -otp.")
  private let makeOTP = Flag<Bool>("generate-otp", "Print a fresh one-time password.")
  private let otp = Flag<String>("otp", "One-time password, for -init and -decode.")
  private let pgpKey = Flag<String>("pgp-key", "Public key to encrypt the token with, instead of an OTP.")
  var flags: [any AnyFlag] {
    [initiate, cancel, status, nonce, drToken, recoveryToken, decode, makeOTP, otp, pgpKey]
  }

  func run(_ call: Invocation) throws(CommandFailure) {
    if call[drToken] && call[recoveryToken] { throw .local("-dr-token and -recovery-token cannot be used together") }
    let output = try call.output()
    let client = try call.client()
    let base =
      call[drToken]
      ? "sys/replication/dr/secondary/generate-operation-token"
      : call[recoveryToken] ? "sys/generate-recovery-token" : "sys/generate-root"
    func attempt(_ what: String, _ request: APIRequest) throws(CommandFailure) -> JSONObject {
      try call.attempt(what) { () throws(APIError) in try client.state(request) }
    }
    if call[makeOTP] {
      let state = try attempt("Error getting root generation status", APIRequest("GET", "\(base)/attempt"))
      let length = Int(clamping: state["otp_length"]?.int64Value ?? 0)
      let text = call.environment.random.base62(length > 0 && length <= 256 ? length : 28)
      return output.isTable ? output.bare(text) : output.structured(["otp": .string(text), "otp_length": .int(length)])
    }
    if call.isSet(decode) { return try decoded(call, output) }
    if call[cancel] {
      _ = try call.attempt("Error canceling root token generation") { () throws(APIError) in
        try client.raw(APIRequest("DELETE", "\(base)/attempt"))
      }
      return output.line("Success! Root token generation canceled (if it was started)")
    }
    if call[initiate] {
      var body = JSONObject()
      if call.isSet(otp) { body["otp"] = .string(call[otp]) }
      if call.isSet(pgpKey) { body["pgp_key"] = try OperatorFlags.keys([call[pgpKey]], call).first ?? .null }
      let state = try attempt(
        "Error initializing root generation", APIRequest("PUT", "\(base)/attempt", body: body))
      if let text = state["otp"]?.stringValue, !text.isEmpty, output.isTable {
        call.warn("The one-time password below is needed to decode the token, and is shown only now.\n")
      }
      return show(state, output)
    }
    let state = try attempt("Error getting root generation status", APIRequest("GET", "\(base)/attempt"))
    if call[status] { return show(state, output) }
    try provide(call, output, base, state, attempt)
  }

  private func provide(
    _ call: Invocation, _ output: Output, _ base: String, _ state: JSONObject,
    _ attempt: (String, APIRequest) throws(CommandFailure) -> JSONObject
  ) throws(CommandFailure) {
    guard state["started"]?.boolValue == true else {
      throw .local(
        "No root generation is in progress. Begin one with \"\(call.programName) operator generate-root -init\".")
    }
    let share = try KeyShare(call, nonce: call[nonce], running: state["nonce"]?.stringValue ?? "")
    let body: JSONObject = ["key": .string(share.key), "nonce": .string(share.nonce)]
    show(try attempt("Error posting unseal key", APIRequest("PUT", "\(base)/update", body: body)), output)
  }

  /// The token is the encoded text XOR the one-time password.
  private func decoded(_ call: Invocation, _ output: Output) throws(CommandFailure) {
    var encoded = call[decode]
    if encoded == "-" { encoded = String(decoding: call.environment.readInput(), as: UTF8.self) }
    encoded = Invocation.trimmedBlanks(encoded)
    if encoded.isEmpty { throw .local("Missing encoded value: use -decode=<string> to supply it") }
    let otp = Array(call[otp].utf8)
    if otp.isEmpty { throw .local("Missing otp: use -otp to supply it") }
    while encoded.hasSuffix("=") { encoded.removeLast() }
    guard let bytes = try? Base64.decode(encoded, padded: false) else {
      throw .local("Error decoding root token: the value is not base64")
    }
    guard bytes.count == otp.count else {
      throw .local("Error decoding root token: the one-time password does not have the token's length")
    }
    let token = String(decoding: zip(bytes, otp).map { $0 ^ $1 }, as: UTF8.self)
    if output.isTable { output.bare(token) } else { output.structured(["token": .string(token)]) }
  }

  private func show(_ state: JSONObject, _ output: Output) {
    if !output.isTable { return output.structured(.object(state)) }
    func text(_ name: String) -> String { state[name].cell }
    var rows = [
      ["Nonce", text("nonce")], ["Started", text("started")], ["Progress", "\(text("progress"))/\(text("required"))"],
      ["Complete", text("complete")],
    ]
    for (name, title) in [("pgp_fingerprint", "PGP Fingerprint"), ("otp", "OTP")] where !text(name).isEmpty {
      rows.append([title, text(name)])
    }
    if (state["otp_length"]?.int64Value ?? 0) > 0 { rows.append(["OTP Length", text("otp_length")]) }
    if !text("encoded_token").isEmpty { rows.append(["Encoded Token", text("encoded_token")]) }
    output.line(Table.aligned(rows))
  }
}

/// A share of a key for an operation that is going on.
struct KeyShare {
  let key: String
  let nonce: String

  /// A share from a pipe needs the nonce, so that it cannot land in somebody else's operation.
  init(_ call: Invocation, nonce given: String, running: String) throws(CommandFailure) {
    switch call.argument(0) {
    case "-":
      if given.isEmpty { throw .local("Missing nonce value: specify -nonce when the key comes from standard input") }
      key = Invocation.trimmedBlanks(String(decoding: call.environment.readInput(), as: UTF8.self))
    case "":
      call.warn("Operation nonce: \(running)")
      guard let typed = try LoginPrompt.ask(call, "Unseal Key (will be hidden)") else {
        throw .local("An unseal key must be given as an argument or on the terminal")
      }
      key = typed
    default:
      key = Invocation.trimmedBlanks(call.argument(0))
    }
    nonce = given.isEmpty ? running : given
  }
}
