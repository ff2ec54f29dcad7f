package import AuditAPI
internal import JSONText
package import Logging
package import Metrics
package import Primitives
package import SecretMemory

/// No device took an entry that some device had to take: what was to be recorded must not happen, or not be told.
package struct AuditFailure: Error, Sendable, Equatable {
  /// Those that refused it.
  package let devices: [String]

  package init(devices: [String]) { self.devices = devices }
}

/// Why a device cannot be enabled, in the text for the client (status 400).
package struct AuditConfigurationError: Error, Sendable, Equatable {
  package let message: String

  package init(_ message: String) { self.message = message }
}

/// Records requests before they are carried out and answers before they are sent, on every device that wants them.
/// With no device enabled everything passes.
package final class AuditBroker: Sendable {
  /// Recorded unless an operator removes them: whether each is hashed, by name in lower case.
  package static let standardHeaders = ["correlation-id": false, "user-agent": false, "x-correlation-id": false]

  /// Never readable, whatever an operator asks for: what they hold opens doors.
  private static let secretHeaders: Set<String> = ["x-vault-mfa"]

  /// What is enabled. Replaced whole, so that requests take it with one reference.
  private final class Arrangement: Sendable {
    /// Those with threads of their own first: the thread of a request writes to the others itself.
    let devices: [AuditDeviceHandle]
    /// Sorted by name.
    let headers: [(name: String, isHashed: Bool)]
    /// Not every device wants every request.
    private let isChoosy: Bool

    init(devices: [AuditDeviceHandle] = [], headers: [(name: String, isHashed: Bool)] = []) {
      self.devices = devices.filter(\.writer.hasThread) + devices.filter { !$0.writer.hasThread }
      self.headers = headers
      isChoosy = devices.contains { $0.options.isFallback || $0.options.filter != nil }
    }

    /// The devices whose filters let the request through; the fallback where none does.
    func recipients(_ request: AuditRequest) -> [AuditDeviceHandle] {
      if !isChoosy { return devices }
      let chosen = devices.filter { !$0.options.isFallback && $0.options.filter?.matches(request.subject) ?? true }
      return chosen.isEmpty ? devices.filter(\.options.isFallback) : chosen
    }
  }

  private let types: [AuditDeviceType]
  private let clock: WallClock
  private let random: RandomSource
  private let log: Logger
  private let metrics: MetricsRegistry
  private let patience: Patience
  private let delivery: AuditDelivery
  private let allowsPrefix: Bool
  private let published = Locked(Arrangement())
  private let meters: EntryMeters

  /// - Parameters:
  ///   - patience: how long one entry waits for all devices together.
  ///   - allowsPrefix: `allow_audit_log_prefixing` of the server's configuration.
  package init(
    types: [AuditDeviceType], clock: WallClock, random: RandomSource, log: Logger, metrics: MetricsRegistry,
    patience: Patience = Patience(bound: .seconds(5)), allowsPrefix: Bool = false
  ) {
    self.types = types
    self.clock = clock
    self.random = random
    self.log = log
    self.metrics = metrics
    self.patience = patience
    delivery = AuditDelivery(patience: patience, log: log)
    self.allowsPrefix = allowsPrefix
    meters = EntryMeters(
      requests: metrics.summary("vault.audit.log_request"), responses: metrics.summary("vault.audit.log_response"),
      requestFailures: metrics.counter("vault.audit.log_request_failure"),
      responseFailures: metrics.counter("vault.audit.log_response_failure"))
    setHeaders(Self.standardHeaders)
  }

  /// False while nothing is recorded, so that callers can save themselves the work.
  package var isEnabled: Bool { !devices.isEmpty }

  /// Where devices are enabled, sorted.
  package var paths: [String] { devices.map(\.path).sorted() }

  /// Request headers to record: whether each is hashed, by name.
  package var headers: [String: Bool] {
    Dictionary(uniqueKeysWithValues: published.withLock { $0.headers }.map { ($0.name, $0.isHashed) })
  }

  package func setHeaders(_ headers: [String: Bool]) {
    var lowered: [String: Bool] = [:]
    // Of two spellings the one that tells less wins.
    for (name, isHashed) in headers {
      let name = name.lowercased()
      lowered[name] = lowered[name] ?? false || isHashed || Self.secretHeaders.contains(name)
    }
    let sorted = lowered.map { (name: $0.key, isHashed: $0.value) }.sorted { $0.name < $1.name }
    published.withLock { $0 = Arrangement(devices: $0.devices, headers: sorted) }
  }

  /// Checks options, opens the device and, unless told not to (`skip_test`), writes a test entry. Nothing goes to it
  /// before `add`.
  package func prepare(
    path: String, type: String, options: [String: String], salt: SecretBytes, isDeclared: Bool = false,
    memory: AuditDeviceMemory? = nil
  ) throws(AuditConfigurationError) -> AuditDeviceHandle {
    let path = Self.normalised(path)
    try checkFree(path)
    let (kind, parsed) = try check(type: type, options: options)
    let context = AuditDeviceContext(path: path, options: options, isDeclared: isDeclared, memory: memory)
    let device: any AuditDevice
    do throws(AuditDeviceError) {
      device = try kind.make(context)
    } catch {
      throw Self.cannotCreate(error)
    }
    let handle = self.handle(path, parsed, salt, device)
    if parsed.skipsTest { return handle }
    do throws(AuditDeviceError) {
      try handle.writer.write(testLine(handle))
    } catch {
      handle.writer.close()
      throw AuditConfigurationError("audit backend failed test message: \(error.message)")
    }
    return handle
  }

  /// Entries go to the device from now on.
  /// - Throws: where the path was taken meanwhile, or there is a fallback already.
  package func add(_ handle: AuditDeviceHandle) throws(AuditConfigurationError) {
    try published.withLock { state throws(AuditConfigurationError) in
      if state.devices.contains(where: { Self.overlap($0.path, handle.path) }) { throw Self.taken }
      if handle.options.isFallback, state.devices.contains(where: { $0.options.isFallback }) {
        throw AuditConfigurationError("a fallback device is enabled already: invalid configuration")
      }
      state = Arrangement(devices: state.devices + [handle], headers: state.headers)
    }
  }

  /// Closes a device that was prepared and is not wanted after all.
  package func abandon(_ handle: AuditDeviceHandle) { handle.writer.close() }

  /// Enables a device that was enabled before, after a restart or unseal. One that cannot be opened holds its place
  /// and refuses entries until it can, so that requests do not pass unrecorded because a disk was missing.
  package func restore(
    path: String, type: String, options: [String: String], salt: SecretBytes, isDeclared: Bool = false,
    memory: AuditDeviceMemory? = nil
  ) throws(AuditConfigurationError) {
    let path = Self.normalised(path)
    try checkFree(path)
    let (kind, parsed) = try check(type: type, options: options)
    let context = AuditDeviceContext(path: path, options: options, isDeclared: isDeclared, memory: memory)
    let device: any AuditDevice
    do throws(AuditDeviceError) {
      device = try kind.make(context)
    } catch {
      log.error("audit device cannot be opened", [("path", path), ("error", error.message)])
      device = ReopenedDevice(type: kind, context: context, failure: error, clock: clock)
    }
    let handle = self.handle(path, parsed, salt, device)
    do throws(AuditConfigurationError) {
      try add(handle)
    } catch {
      handle.writer.close()
      throw error
    }
  }

  /// False where nothing is enabled at that path.
  @discardableResult
  package func remove(_ path: String) -> Bool {
    let path = Self.normalised(path)
    let removed = published.withLock { state -> AuditDeviceHandle? in
      guard let found = state.devices.first(where: { $0.path == path }) else { return nil }
      state = Arrangement(devices: state.devices.filter { $0 !== found }, headers: state.headers)
      return found
    }
    if let removed { retire(removed) }
    return removed != nil
  }

  /// As when the server is sealed.
  package func removeAll() {
    let removed = published.withLock { state in
      defer { state = Arrangement(headers: state.headers) }
      return state.devices
    }
    for handle in removed { retire(handle) }
  }

  /// Every device opens its file anew, as after rotation. One that cannot stays as it was.
  package func reopen() {
    for handle in devices {
      do throws(AuditDeviceError) {
        try handle.writer.reopen()
      } catch {
        log.error("audit device cannot be reopened", [("path", handle.path), ("error", error.message)])
      }
    }
  }

  /// What the value looks like in the entries of the device; nil where there is none at that path.
  package func hash(path: String, input: String) -> String? {
    let path = Self.normalised(path)
    return devices.first { $0.path == path }?.hash.text(of: input)
  }

  /// The newest entry of a device that chains its entries; nil for any other.
  package func chainHead(path: String) -> AuditChainHead? {
    let path = Self.normalised(path)
    return devices.first { $0.path == path }?.writer.chainHead
  }

  /// Records a request. It may be carried out when this returns.
  /// - Parameters:
  ///   - caller: who makes it, as far as that is known.
  ///   - error: why it will not be, where that is known already.
  ///   - waitsForAnswer: devices get the entry in one write with that of the answer. For requests of which nothing
  ///     remains but the answer: nobody gets that before both entries are written.
  package func request(
    _ request: consuming AuditRequest, by caller: AuditCaller?, error: String = "", waitsForAnswer: Bool = false
  ) throws(AuditFailure) -> AuditReceipt {
    let state = current
    if state.devices.isEmpty { return AuditReceipt(request: request, caller: caller, parts: []) }
    let start = patience.now()
    let sources = Sources.of(request, state.headers)
    let time = clock.now()
    let parts = state.recipients(request).map { Self.part($0, request, caller, sources) }
    if waitsForAnswer {
      return AuditReceipt(
        request: request, caller: caller, parts: parts, pending: AuditReceipt.Pending(time: time, error: error))
    }
    let lines = parts.map { part in
      let entry = part.requestEntry(at: time, error: error)
      return AuditDelivery.Line(device: part.device, bytes: part.device.lines(for: [entry], about: request))
    }
    let failure = delivery.deliver(lines, .request, since: start)
    let spent = TimeSpan(nanoseconds: Int64(clamping: patience.now() &- start))
    meters.note(.request, milliseconds: Double(spent.nanoseconds) / 1_000_000, failed: failure != nil)
    if let failure { throw failure }
    return AuditReceipt(request: request, caller: caller, parts: parts, spent: spent)
  }

  /// Records an answer. It may be sent when this returns.
  /// - Parameters:
  ///   - caller: stands in for whom the request was recorded with, as after a login.
  ///   - error: what the client is told went wrong.
  package func response(
    _ receipt: AuditReceipt, _ response: AuditResponse?, by caller: AuditCaller? = nil, error: String = ""
  ) throws(AuditFailure) {
    let state = current
    if state.devices.isEmpty { return }
    let start = patience.now()
    let isList = receipt.request.operation == "list"
    let time = clock.now()
    var lines: [AuditDelivery.Line] = []
    for device in state.recipients(receipt.request) {
      // There is none where the device was enabled since the request was recorded.
      var part =
        receipt.parts.first { $0.device === device }
        ?? Self.part(device, receipt.request, receipt.caller, Sources.of(receipt.request, state.headers))
      var entries: [AuditEntry] = []
      if let pending = receipt.pending {
        entries.append(part.requestEntry(at: pending.time, error: pending.error))
      }
      if let caller { part = part.by(caller) }
      entries.append(
        AuditEntry(kind: "response", time: time, error: error, part: part, response: response, isList: isList))
      lines.append(
        AuditDelivery.Line(
          device: device, bytes: device.lines(for: entries, knowing: part.known, about: receipt.request)))
    }
    let kinds: EntryMeters.Kinds = receipt.pending == nil ? .response : [.request, .response]
    let failure = delivery.deliver(lines, kinds, since: start, spent: receipt.spent)
    meters.note(kinds, milliseconds: Double(patience.now() &- start) / 1_000_000, failed: failure != nil)
    if let failure { throw failure }
  }

  /// What is the same for every device that records a request.
  private struct Sources {
    let data: JSONText?
    let headers: [(name: String, values: [String], isHashed: Bool)]

    static func of(_ request: AuditRequest, _ configured: [(name: String, isHashed: Bool)]) -> Sources {
      Sources(
        data: request.data.isEmpty ? nil : JSONText(request.data),
        headers: configured.compactMap { name, isHashed in
          let values = request.headers(name)
          return values.isEmpty ? nil : (name: name, values: values, isHashed: isHashed)
        })
    }
  }

  private var current: Arrangement { published.withLock { $0 } }
  private var devices: [AuditDeviceHandle] { current.devices }

  private static func part(
    _ device: AuditDeviceHandle, _ request: AuditRequest, _ caller: AuditCaller?, _ sources: Sources
  ) -> AuditReceipt.Part {
    let auth = caller?.written(for: device)
    let known = auth?.known(in: request) ?? []
    var writer = EntryWriter(device, knowing: known, reserving: 768 &+ (sources.data?.bytes.count ?? 0))
    writer.request(request, data: sources.data, headers: sources.headers)
    return AuditReceipt.Part(device: device, auth: auth?.json ?? [], request: writer.bytes, known: known)
  }

  private func testLine(_ handle: AuditDeviceHandle) -> [UInt8] {
    let request = AuditRequest(id: random.uuid(), operation: "update", path: "sys/audit/test")
    let part = Self.part(handle, request, nil, Sources.of(request, []))
    return handle.lines(for: [part.requestEntry(at: clock.now(), error: "")], about: request)
  }

  private func handle(
    _ path: String, _ options: AuditOptions, _ salt: SecretBytes, _ device: any AuditDevice
  ) -> AuditDeviceHandle {
    AuditDeviceHandle(
      path: path, options: options, hash: SaltedHash(salt: salt),
      writer: DeviceWriter(device: device, patience: patience),
      metrics: metrics)
  }

  private func retire(_ handle: AuditDeviceHandle) {
    handle.writer.close()
    metrics.removeGauge("vault.audit.device.queue", [("device", handle.path)])
  }

  private func check(
    type: String, options: [String: String]
  ) throws(AuditConfigurationError) -> (AuditDeviceType, AuditOptions) {
    guard let kind = types.first(where: { $0.name == type }) else {
      throw AuditConfigurationError("unknown backend type: \"\(type)\": invalid configuration")
    }
    if !allowsPrefix, !(options["prefix"] ?? "").isEmpty {
      throw AuditConfigurationError(
        "audit prefixing is not enabled in configuration, audit prefixing may not be configured for \(type) sinks")
    }
    do throws(AuditDeviceError) {
      return (kind, try AuditOptions(options))
    } catch {
      throw Self.cannotCreate(error)
    }
  }

  private func checkFree(_ path: String) throws(AuditConfigurationError) {
    if devices.contains(where: { Self.overlap($0.path, path) }) { throw Self.taken }
  }

  private static let taken = AuditConfigurationError("path already in use: invalid configuration")

  private static func cannotCreate(_ error: AuditDeviceError) -> AuditConfigurationError {
    AuditConfigurationError("unable to create new audit backend: \(error.message)")
  }

  private static func overlap(_ a: String, _ b: String) -> Bool {
    a.utf8.starts(with: b.utf8) || b.utf8.starts(with: a.utf8)
  }

  private static func normalised(_ path: String) -> String { path.utf8.last == UInt8(ascii: "/") ? path : path + "/" }
}

extension AuditRequest {
  var subject: AuditFilter.Subject {
    AuditFilter.Subject(
      mountType: mount?.type ?? "", mountPoint: mount?.point ?? "", namespace: namespacePath, operation: operation,
      path: path)
  }
}
