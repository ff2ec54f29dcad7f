internal import Client
internal import JSONText

struct PolicyListCommand: Command {
  let words = ["policy", "list"]
  let synopsis = "Name the policies that there are"
  let shares: SharedFlags = [.client, .format]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let secret = try call.attempt("Error listing policies") { () throws(APIError) in
      try client.list("sys/policies/acl")
    }
    let names = secret?.data?["keys"]?.arrayValue ?? secret?.data?["policies"]?.arrayValue ?? []
    if !output.isTable { return output.structured(.array(names)) }
    for name in names.compactMap(\.stringValue) { output.line(name) }
  }
}

struct PolicyReadCommand: Command {
  let words = ["policy", "read"]
  let synopsis = "Print a policy's rules"
  let usage = "NAME"
  let details = """
        $ coffer policy read team > team.hcl
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format, .field]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let name = Invocation.trimmed(call.argument(0)).lowercased()
    let client = try call.client()
    let secret = try call.attempt("Error reading policy named \(name)") { () throws(APIError) in
      try client.read("sys/policies/acl/\(name)")
    }
    let rules = secret?.data?["policy"]?.stringValue ?? secret?.data?["rules"]?.stringValue ?? ""
    if rules.isEmpty { throw .remote("No policy named: \(name)") }
    if !output.field.isEmpty { return try output.value(of: output.field, in: ["policy": .string(rules)]) }
    if !output.isTable { return output.structured(["policy": .string(rules)]) }
    var text = rules[...]
    while let last = text.last, last.isWhitespace { text.removeLast() }
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    output.line(String(text))
  }
}

struct PolicyWriteCommand: Command {
  let words = ["policy", "write"]
  let synopsis = "Upload a policy from a file"
  let usage = "NAME FILE"
  let details = """
    Makes a policy, or replaces the one of that name. The file "-" is standard input.

        $ coffer policy write team team.hcl
        $ echo 'path "secret/data/team/*" { capabilities = ["read"] }' | coffer policy write team -
    """
  let arity = Arity.exactly(2)

  func run(_ call: Invocation) throws(CommandFailure) {
    let typed = call.argument(0)
    let name = PolicyName.normal(typed)
    let bytes: [UInt8]
    if call.argument(1) == "-" {
      bytes = call.environment.readInput()
    } else {
      do throws(FileError) {
        bytes = try call.environment.files.read(call.environment.expanded(call.argument(1))).get()
      } catch {
        throw .remote("Error opening policy file: \(error)")
      }
    }
    guard let rules = String(validating: bytes, as: UTF8.self) else {
      throw .remote("Error reading policy: the text is not UTF-8")
    }
    let client = try call.client()
    let secret = try call.attempt("Error uploading policy") { () throws(APIError) in
      try client.put("sys/policies/acl/\(name)", ["policy": .string(rules)])
    }
    if name != typed { call.warn("Policy name was converted from \"\(typed)\" to \"\(name)\"") }
    if let secret { try call.output().warnings(of: secret) }
    call.print("Success! Uploaded policy: \(name)")
  }
}

struct PolicyDeleteCommand: Command {
  let words = ["policy", "delete"]
  let synopsis = "Delete a policy"
  let usage = "NAME"
  let details = """
    Tokens that carry the policy lose its rules at once. Deleting a policy that is not there succeeds.

        $ coffer policy delete team
    """
  let arity = Arity.exactly(1)

  func run(_ call: Invocation) throws(CommandFailure) {
    let name = PolicyName.normal(call.argument(0))
    let client = try call.client()
    _ = try call.attempt("Error deleting \(name)") { () throws(APIError) in
      try client.delete("sys/policies/acl/\(name)")
    }
    call.print("Success! Deleted policy: \(name)")
  }
}

private enum PolicyName {
  /// Names know no case.
  static func normal(_ text: String) -> String {
    let blank = text.drop { $0.isWhitespace }
    return String(blank.reversed().drop { $0.isWhitespace }.reversed()).lowercased()
  }
}
