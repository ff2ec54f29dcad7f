internal import HCL

struct PolicyFormatCommand: Command {
  let words = ["policy", "fmt"]
  let synopsis = "Lay a policy file out in the usual form"
  let usage = "FILE"
  let details = """
    Rewrites the file in place. Nothing is sent to a server.

        $ coffer policy fmt team.hcl
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = []

  func run(_ call: Invocation) throws(CommandFailure) {
    let path = call.environment.expanded(call.argument(0))
    let bytes: [UInt8]
    do throws(FileError) { bytes = try call.environment.files.read(path).get() } catch {
      throw .local("Error reading source file: \(error)")
    }
    let text: String
    do throws(HCLError) { text = try HCLFormatter.format(String(decoding: bytes, as: UTF8.self)) } catch {
      throw .local("Error parsing policy: \(error)")
    }
    if case .failure(let error) = call.environment.files.write(path, Array(text.utf8), 0o644) {
      throw .local("Error writing result: \(error)")
    }
    call.print("Success! Formatted policy: \(call.argument(0))")
  }
}
