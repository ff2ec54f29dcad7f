import Client
import Commands
import JSONText
import Primitives

/// The world of one run of a command: answers are scripted, and everything that happens is written down.
final class World: Transport {
  struct Answer {
    let request: String
    let response: HTTPResponse
  }

  var variables = ["VAULT_ADDR": "http://127.0.0.1:8200", "VAULT_TOKEN": "root", "HOME": "/home/mona"]
  var files: [String: [UInt8]] = [:]
  var modes: [String: UInt32] = [:]
  var input = ""
  var lines: [String] = []
  var answers: [Answer] = []
  var isTerminal = false
  var programs: [String: (String, String) -> String] = [:]
  /// Programs that take the terminal over: what they are called with, to an exit status.
  var attached: [String: ([String], [String: String]) -> Int32] = [:]
  var addresses: [String: String] = [:]
  var ownAddresses: [String] = []

  private(set) var requests: [HTTPRequest] = []
  private(set) var output = ""
  private(set) var errors = ""
  private(set) var slept: [TimeSpan] = []

  /// The next answer, and the request that it is for, such as `GET /v1/sys/health`.
  @discardableResult
  func on(_ request: String, _ status: Int = 200, _ body: String = "") -> World {
    answers.append(Answer(request: request, response: HTTPResponse(status: status, body: Array(body.utf8))))
    return self
  }

  /// The engine that `kv` finds at `secret/`.
  @discardableResult
  func onPreflight(_ path: String, version: Int = 2, mount: String = "secret/") -> World {
    let options = version == 2 ? #"{"version":"2"}"# : "null"
    return on(
      "GET /v1/sys/internal/ui/mounts/\(path)", 200,
      #"{"request_id":"r","data":{"path":"\#(mount)","type":"kv","options":\#(options)}}"#)
  }

  func exchange(_ request: HTTPRequest, sink: BodySink?) throws(TransportError) -> HTTPResponse {
    requests.append(request)
    guard !answers.isEmpty else { throw TransportError("dial tcp 127.0.0.1:8200: connect: connection refused") }
    let next = answers.removeFirst()
    guard next.request == "\(request.method) \(request.target)" else {
      return HTTPResponse(
        status: 418, body: Array("expected \(next.request), got \(request.method) \(request.target)".utf8))
    }
    guard let sink, next.response.status < 300 else { return next.response }
    _ = sink(next.response.body[...])
    return HTTPResponse(status: next.response.status)
  }

  /// Runs the program with these words.
  @discardableResult
  func run(_ words: String..., name: String = "vault", additional: [any Command] = []) -> Int32 {
    runAll(words, name: name, additional: additional)
  }

  @discardableResult
  func runAll(_ words: [String], name: String = "vault", additional: [any Command] = []) -> Int32 {
    output = ""
    errors = ""
    var environment = CommandEnvironment(
      variables: variables, writeOutput: { self.output += String(decoding: $0, as: UTF8.self) },
      writeErrorBytes: { self.errors += String(decoding: $0, as: UTF8.self) },
      readInput: { Array(self.input.utf8) }, readLine: { _ in self.lines.isEmpty ? nil : self.lines.removeFirst() },
      files: access, connect: { _ in self }, sleep: { self.slept.append($0) }, random: .seeded(1),
      clock: WallClock { Timestamp(seconds: 1_700_000_000) },
      runProgram: { path, argument, input in
        self.programs[path].map { .success($0(argument, input)) } ?? .failure(FileError("no such program"))
      }, programPath: "/usr/bin/coffer", version: "1.21.0+coffer.0.1.0")
    environment.runAttached = { path, arguments, variables in
      self.attached[path].map { .success($0(arguments, variables)) }
        ?? .failure(FileError("\(path): no such file or directory", isAbsence: true))
    }
    environment.resolveAddress = { self.addresses[$0] }
    environment.ownAddresses = { self.ownAddresses }
    environment.isInputTerminal = isTerminal
    environment.isOutputTerminal = isTerminal
    environment.isErrorTerminal = isTerminal
    return runCommand(words, programName: name, environment: environment, additional: additional)
  }

  /// The body of a request.
  func body(_ at: Int) -> String {
    at < requests.count ? requests[at].body.map { String(decoding: $0, as: UTF8.self) } ?? "" : "no such request"
  }

  func header(_ name: String, of at: Int = 0) -> String? {
    at < requests.count ? requests[at].headers.first { $0.name == name }?.value : nil
  }

  private var access: FileAccess {
    FileAccess(
      read: { path in
        self.files[path].map { .success($0) }
          ?? .failure(FileError("open \(path): no such file or directory", isAbsence: true))
      },
      write: { path, bytes, mode in
        self.files[path] = bytes
        self.modes[path] = mode
        return .success(())
      },
      append: { path, bytes in
        self.files[path, default: []] += bytes
        return .success(())
      },
      rename: { from, to in
        self.files[to] = self.files.removeValue(forKey: from)
        return .success(())
      },
      remove: { path in
        self.files[path] = nil
        return .success(())
      }, makeFolder: { _ in .success(()) },
      stream: { path, take in
        guard let bytes = self.files[path] else {
          return .failure(FileError("open \(path): no such file or directory", isAbsence: true))
        }
        // Small pieces, so that lines are cut everywhere.
        var rest = bytes[...]
        while !rest.isEmpty {
          if !take(rest.prefix(7)) { break }
          rest = rest.dropFirst(7)
        }
        return .success(())
      })
  }
}

let versionWritten = """
  {"request_id":"r1","lease_id":"","renewable":false,"lease_duration":0,"data":{\
  "created_time":"2026-01-02T03:04:05.6Z","custom_metadata":null,"deletion_time":"","destroyed":false,"version":1},\
  "wrap_info":null,"warnings":null,"auth":null,"mount_type":"kv"}
  """

func refusal(_ texts: String...) -> String { JSONText(["errors": .strings(texts)] as JSONObject).string }
