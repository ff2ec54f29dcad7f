internal import Client
internal import JSONText
internal import Primitives

/// Words after the destination belong to another program; that they look like flags is no mistake.
protocol PassesFlagsOn {}

struct SSHCommand: Command, PassesFlagsOn {
  let words = ["ssh"]
  let synopsis = "Log in to a machine with what the SSH engine gives"
  let usage = "USER@HOST [SSH OPTIONS] [COMMAND]"
  let details = """
    Asks the SSH engine for a certificate or a one-time password and calls ssh with it. In mode ca, the public key is
    signed and the certificate is used once. In mode otp, sshpass types the password, where it is installed; otherwise
    the password is shown. What follows the destination goes to ssh.

        $ coffer ssh -mode=ca -role=admin mona@web1.example.com
        $ coffer ssh -mode=ca -role=admin mona@web1.example.com -p 2222 uptime
        $ coffer ssh -mode=otp -role=otp mona@192.0.2.7
    """
  let arity = Arity.atLeast(1)
  let takesData = true
  let shares: SharedFlags = [.client, .format, .field]

  let mode = Flag<String>("mode", "How to log in: ca or otp.")
  let role = Flag<String>("role", "Role of the SSH engine to use.")
  let mountPoint = Flag<String>("mount-point", default: "ssh/", "Where the SSH engine is mounted.")
  let noExec = Flag<Bool>("no-exec", "Print what the engine gave; do not connect.")
  let hostKeyMountPoint = Flag<String>(
    "host-key-mount-point", variable: "VAULT_SSH_HOST_KEY_MOUNT_POINT",
    "Where the SSH engine that signs host keys is mounted. Only hosts with such a key are trusted.")
  let hostKeyHostnames = Flag<String>(
    "host-key-hostnames", default: "*", variable: "VAULT_SSH_HOST_KEY_HOSTNAMES",
    "Hosts that -host-key-mount-point speaks for, with commas.")
  let publicKeyPath = Flag<String>(
    "public-key-path", default: "~/.ssh/id_rsa.pub", "File with the public key to have signed.")
  let privateKeyPath = Flag<String>(
    "private-key-path", default: "~/.ssh/id_rsa", "File with the private key that goes with it.")
  let validPrincipals = Flag<String>(
    "valid-principals", "Users that the certificate is for, with commas. The user of the destination by default.")
  let hostKeyChecking = Flag<String>(
    "strict-host-key-checking", variable: "VAULT_SSH_STRICT_HOST_KEY_CHECKING",
    "Value of ssh's option StrictHostKeyChecking.")
  let knownHostsFile = Flag<String>(
    "user-known-hosts-file", variable: "VAULT_SSH_USER_KNOWN_HOSTS_FILE", "Value of ssh's option UserKnownHostsFile.")

  var flags: [any AnyFlag] {
    [
      mode, role, mountPoint, noExec, hostKeyMountPoint, hostKeyHostnames, publicKeyPath, privateKeyPath,
      validPrincipals, hostKeyChecking, knownHostsFile,
    ]
  }

  func run(_ call: Invocation) throws(CommandFailure) {
    let session = try SSHSession(call, self)
    switch call[mode] {
    case "ca": try session.withCertificate()
    case "otp": try session.withPassword()
    case "dynamic":
      throw .local("Mode \"dynamic\" is not available: no server gives such keys any more. Use ca or otp.")
    case "": throw .local("Say how to log in: -mode=ca or -mode=otp.")
    case let other: throw .local("Unknown SSH mode: \(other). Use ca or otp.")
    }
  }
}
