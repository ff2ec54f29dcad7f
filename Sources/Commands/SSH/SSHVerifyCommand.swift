internal import Client
internal import JSONText
internal import Primitives

/// What PAM asks on a machine that lets people in with one-time passwords.
struct SSHVerifyCommand: Command {
  let words = ["ssh", "verify-otp"]
  let synopsis = "Tell PAM whether a one-time password is good"
  let details = """
    For pam_exec on machines that people log in to: takes the password from standard input and the user from PAM_USER, and
    asks the SSH engine, which uses the password up. Ends with 0 where it is good for this user on this machine, and else
    with another status and the reason on standard error. Needs no token.

        auth requisite pam_exec.so expose_authtok /usr/local/bin/coffer ssh verify-otp -address=https://coffer.example.com
    """

  let mountPoint = Flag<String>("mount-point", default: "ssh/", "Where the SSH engine is mounted.")
  let allowedRoles = Flag<String>(
    "allowed-roles", default: "*", "Roles whose passwords are good here, with commas; * for any.")
  let allowedAddresses = Flag<String>(
    "allowed-cidr-list",
    "Blocks of addresses, with commas, that this machine is known by besides its own, as behind a NAT.")

  var flags: [any AnyFlag] { [mountPoint, allowedRoles, allowedAddresses] }

  func run(_ call: Invocation) throws(CommandFailure) {
    guard let user = call.environment.variables["PAM_USER"], !user.isEmpty else {
      throw .local("PAM_USER is not set: this command is for pam_exec.")
    }
    let blocks = try blocks(call)
    // Some versions of pam_exec end it with a zero.
    let password = Invocation.trimmedBlanks(
      String(decoding: call.environment.readInput().prefix { $0 != 0 }.prefix(1024), as: UTF8.self))
    if password.isEmpty { throw .local("There is no password on standard input: pam_exec needs expose_authtok.") }

    let client = try call.client(withToken: false)
    let answer = try call.attempt("the password is not good") { () throws(APIError) in
      try client.put("\(Invocation.trimmed(call[mountPoint]))/verify", ["otp": .string(password)])
    }
    guard let data = answer?.data, let owner = data["username"]?.stringValue,
      let address = data["ip"]?.stringValue, let role = data["role_name"]?.stringValue
    else { throw .remote("the server's answer says nothing about a password") }
    guard owner == user else { throw .remote("the password is not one of \(user)") }
    let roles = call[allowedRoles].split(separator: ",").map { Invocation.trimmedBlanks(String($0)) }
    guard roles.contains("*") || roles.contains(role) else { throw .remote("the password's role is not allowed here") }
    guard blocks.contains(where: { $0.contains(address) }) else { throw .remote("the password is for another machine") }
  }

  /// Where this machine is.
  private func blocks(_ call: Invocation) throws(CommandFailure) -> [AddressBlock] {
    var blocks = call.environment.ownAddresses().compactMap { AddressBlock($0) }
    for text in call[allowedAddresses].split(separator: ",") {
      let text = Invocation.trimmedBlanks(String(text))
      guard let block = AddressBlock(text) else {
        throw .local("-allowed-cidr-list: \(text) is no block of addresses.")
      }
      blocks.append(block)
    }
    return blocks
  }
}
