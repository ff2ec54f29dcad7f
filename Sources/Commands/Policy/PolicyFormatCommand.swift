internal import AccessPolicy
internal import HCL

struct PolicyFormatCommand: Command {
  let words = ["policy", "fmt"]
  let synopsis = "Lay a policy file out in the usual form"
  let usage = "FILE"
  let details = """
    Rewrites the file in place where it is a policy, and leaves it otherwise. Nothing is sent to a server.

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
    let written = String(decoding: bytes, as: UTF8.self)
    do throws(PolicyError) { _ = try Policy(name: "", text: written) } catch { throw .local("\(error)") }
    let text: String
    do throws(HCLError) { text = try HCLFormatter.format(written) } catch {
      throw .local("Error printing result: \(error)")
    }
    if case .failure(let error) = call.environment.files.write(path, Array(text.utf8), 0o644) {
      throw .local("Error writing result: \(error)")
    }
    call.print("Success! Formatted policy: \(call.argument(0))")
  }
}
