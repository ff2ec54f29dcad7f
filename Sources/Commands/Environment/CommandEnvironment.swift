package import Client
package import Primitives

/// Everything that commands do to the world, in one value, so that tests can be the world.
package struct CommandEnvironment {
  package var variables: [String: String]
  /// Standard output, byte by byte.
  package var writeOutput: ([UInt8]) -> Void
  package var writeErrorBytes: ([UInt8]) -> Void
  /// The whole of standard input.
  package var readInput: () -> [UInt8]
  /// One line from the terminal or standard input, without echo where hidden; nil at the end of input.
  package var readLine: (_ hidden: Bool) -> String?
  package var isInputTerminal = false
  package var isOutputTerminal = false
  package var isErrorTerminal = false
  package var files: FileAccess
  /// A way to the server, opened when first used.
  package var connect: (ClientConfiguration) -> any Transport
  package var sleep: (TimeSpan) -> Void
  package var random: RandomSource
  package var clock: WallClock
  /// Runs a program with one argument and the text as its input; its output, or why not.
  package var runProgram: (_ path: String, _ argument: String, _ input: String) -> Result<String, FileError>
  /// Runs a program that takes the terminal over, with these variables; its exit status, or why it did not begin.
  package var runAttached:
    (_ path: String, _ arguments: [String], _ variables: [String: String]) -> Result<Int32, FileError> = { path, _, _ in
      .failure(FileError("\(path): cannot be run here", isAbsence: true))
    }
  /// The address of a host, in numbers; nil where it has none.
  package var resolveAddress: (_ host: String) -> String? = { _ in nil }
  /// The addresses of this machine, in numbers.
  package var ownAddresses: () -> [String] = { [] }
  /// Where the running program lies, for shells that are to call it.
  package var programPath: String
  /// What `version` prints after the name, such as `1.21.0+coffer.0.1.0`.
  package var version: String

  package init(
    variables: [String: String], writeOutput: @escaping ([UInt8]) -> Void, writeErrorBytes: @escaping ([UInt8]) -> Void,
    readInput: @escaping () -> [UInt8], readLine: @escaping (_ hidden: Bool) -> String?, files: FileAccess,
    connect: @escaping (ClientConfiguration) -> any Transport, sleep: @escaping (TimeSpan) -> Void,
    random: RandomSource, clock: WallClock,
    runProgram: @escaping (_ path: String, _ argument: String, _ input: String) -> Result<String, FileError>,
    programPath: String, version: String
  ) {
    self.variables = variables
    self.writeOutput = writeOutput
    self.writeErrorBytes = writeErrorBytes
    self.readInput = readInput
    self.readLine = readLine
    self.files = files
    self.connect = connect
    self.sleep = sleep
    self.random = random
    self.clock = clock
    self.runProgram = runProgram
    self.programPath = programPath
    self.version = version
  }

  enum Color: String {
    case red = "\u{1B}[31m"
    case yellow = "\u{1B}[33m"
  }

  /// A line for standard error, coloured where a person looks at it.
  func writeError(_ line: String, color: Color? = nil) {
    var text = line
    if let color, isErrorTerminal, variables["VAULT_CLI_NO_COLOR"]?.isEmpty != false {
      text = color.rawValue + line + "\u{1B}[0m"
    }
    writeErrorBytes(Array((text + "\n").utf8))
  }

  /// `~` stands for the home folder.
  func expanded(_ path: String) -> String {
    guard path == "~" || path.hasPrefix("~/"), let home = variables["HOME"], !home.isEmpty else { return path }
    return home + path.dropFirst()
  }
}

/// What commands do with files.
package struct FileAccess {
  package var read: (_ path: String) -> Result<[UInt8], FileError>
  /// Replaces the file in one step, with these rights.
  package var write: (_ path: String, _ bytes: [UInt8], _ mode: UInt32) -> Result<Void, FileError>
  package var append: (_ path: String, _ bytes: ArraySlice<UInt8>) -> Result<Void, FileError>
  package var rename: (_ from: String, _ to: String) -> Result<Void, FileError>
  /// A file or an empty folder. Removing what is not there is no error.
  package var remove: (_ path: String) -> Result<Void, FileError>
  package var makeFolder: (_ path: String) -> Result<Void, FileError>
  /// Hands over the file's bytes piece by piece until `take` returns false; `-` is standard input.
  package var stream: (_ path: String, _ take: (ArraySlice<UInt8>) -> Bool) -> Result<Void, FileError>

  package init(
    read: @escaping (_ path: String) -> Result<[UInt8], FileError>,
    write: @escaping (_ path: String, _ bytes: [UInt8], _ mode: UInt32) -> Result<Void, FileError>,
    append: @escaping (_ path: String, _ bytes: ArraySlice<UInt8>) -> Result<Void, FileError>,
    rename: @escaping (_ from: String, _ to: String) -> Result<Void, FileError>,
    remove: @escaping (_ path: String) -> Result<Void, FileError>,
    makeFolder: @escaping (_ path: String) -> Result<Void, FileError>,
    stream: @escaping (_ path: String, _ take: (ArraySlice<UInt8>) -> Bool) -> Result<Void, FileError>
  ) {
    self.read = read
    self.write = write
    self.append = append
    self.rename = rename
    self.remove = remove
    self.makeFolder = makeFolder
    self.stream = stream
  }
}

/// Why a file could not be used, such as `open p.hcl: no such file or directory`.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
  package let isAbsence: Bool

  package init(_ description: String, isAbsence: Bool = false) {
    self.description = description
    self.isAbsence = isAbsence
  }
}
