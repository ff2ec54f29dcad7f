package import JSONText
package import Primitives

/// How metrics are shown to those who ask for them.
package struct MetricsNaming: Sendable, Equatable {
  /// Stands in for `vault`, with which the server's own names begin.
  package var prefix = "vault"
  /// Whether what no rule speaks of is shown.
  package var showsUnnamed = true
  /// The longest that a name begins with decides.
  package var rules: [(prefix: String, shows: Bool)] = []

  package init() {}

  package static func == (a: MetricsNaming, b: MetricsNaming) -> Bool {
    a.prefix == b.prefix && a.showsUnnamed == b.showsUnnamed && a.rules.elementsEqual(b.rules, by: ==)
  }

  /// Nil for what is not shown.
  func shown(_ name: String) -> String? {
    let shown = name.hasPrefix("vault.") ? prefix + (prefix.isEmpty ? name.dropFirst(6) : name.dropFirst(5)) : name
    let rule = rules.filter { shown.hasPrefix($0.prefix) }.max { $0.prefix.utf8.count < $1.prefix.utf8.count }
    return rule?.shows ?? showsUnnamed ? shown : nil
  }
}

/// Every metric of the server by name and labels. Names are dotted, such as `vault.core.unsealed`.
package final class MetricsRegistry: Sendable {
  struct Key: Hashable {
    struct Label: Hashable {
      let name: String
      let value: String
    }

    let name: String
    let labels: [Label]

    init(name: String, labels: [Label]) {
      self.name = name
      self.labels = labels
    }

    init(_ name: String, _ labels: [(String, String)]) {
      self.name = name
      self.labels = labels.map { Label(name: $0.0, value: $0.1) }.sorted { $0.name < $1.name }
    }
  }

  private struct Instruments {
    var counters: [Key: Counter] = [:]
    var gauges: [Key: Gauge] = [:]
    var summaries: [Key: Summary] = [:]

    func shown(by naming: MetricsNaming) -> Instruments {
      if naming == MetricsNaming() { return self }
      func named<Value>(_ table: [Key: Value]) -> [Key: Value] {
        var shown: [Key: Value] = [:]
        for (key, value) in table {
          if let name = naming.shown(key.name) { shown[Key(name: name, labels: key.labels)] = value }
        }
        return shown
      }
      return Instruments(counters: named(counters), gauges: named(gauges), summaries: named(summaries))
    }
  }

  private let clock: WallClock
  private let naming: MetricsNaming
  private let started: Timestamp
  private let instruments = Locked(Instruments())

  package init(clock: WallClock = .system, naming: MetricsNaming = MetricsNaming()) {
    self.clock = clock
    self.naming = naming
    started = clock.now()
  }

  /// The same counter for the same name and labels.
  package func counter(_ name: String, _ labels: [(String, String)] = []) -> Counter {
    let clock = clock
    return instruments.withLock { Self.entry(Key(name, labels), in: &$0.counters) { Counter(clock: clock) } }
  }

  package func gauge(_ name: String, _ labels: [(String, String)] = []) -> Gauge {
    instruments.withLock { Self.entry(Key(name, labels), in: &$0.gauges) { Gauge() } }
  }

  package func summary(_ name: String, _ labels: [(String, String)] = []) -> Summary {
    let clock = clock
    return instruments.withLock { Self.entry(Key(name, labels), in: &$0.summaries) { Summary(clock: clock) } }
  }

  /// Forgets a gauge of something that is gone.
  package func removeGauge(_ name: String, _ labels: [(String, String)] = []) {
    _ = instruments.withLock { $0.gauges.removeValue(forKey: Key(name, labels)) }
  }

  /// The text exposition format 0.0.4: names with underscores, families sorted by name.
  package func prometheus() -> String {
    let all = instruments.withLock { $0 }.shown(by: naming)
    var text = PrometheusText()
    text.add(all.counters, type: "counter") { text, name, labels, counter in
      text.line(name, labels, counter.total)
    }
    text.add(all.gauges, type: "gauge") { text, name, labels, gauge in
      text.line(name, labels, gauge.value)
    }
    text.add(all.summaries, type: "summary") { text, name, labels, summary in
      let reading = summary.reading()
      for (quantile, value) in reading.quantiles {
        text.line(name, labels + [Key.Label(name: "quantile", value: quantile)], value)
      }
      text.line(name + "_sum", labels, reading.sum)
      text.line(name + "_count", labels, Double(reading.count))
    }
    return text.joined
  }

  /// The document of `sys/metrics`: counters and samples of the last finished interval of ten seconds, and every gauge.
  package func json() -> JSONObject {
    let all = instruments.withLock { $0 }.shown(by: naming)
    let now = clock.now()
    // A server younger than one interval has only the one under way to show.
    let finished = Intervals.number(at: now) > Intervals.number(at: started)
    let interval = Intervals.number(at: now) - (finished ? 1 : 0)
    let start = Timestamp(nanoseconds: interval * Intervals.length.nanoseconds)
    return [
      "Timestamp": .string(Self.goText(start)),
      "Gauges": .array(
        Self.sorted(all.gauges).map { key, gauge in
          ["Name": .string(key.name), "Value": Self.number(gauge.value), "Labels": Self.labels(key)]
        }),
      "Points": [],
      "Counters": .array(
        Self.sorted(all.counters).compactMap { key, counter in
          Self.sample(key, counter.aggregate(at: now, finished: finished))
        }),
      "Samples": .array(
        Self.sorted(all.summaries).compactMap { key, summary in
          Self.sample(key, summary.aggregate(at: now, finished: finished))
        }),
    ]
  }

  private static func entry<Value>(_ key: Key, in table: inout [Key: Value], make: () -> Value) -> Value {
    if let known = table[key] { return known }
    let new = make()
    table[key] = new
    return new
  }

  static func sorted<Value>(_ table: [Key: Value]) -> [(key: Key, value: Value)] {
    table.sorted { a, b in
      if a.key.name != b.key.name { return a.key.name < b.key.name }
      return a.key.labels.lexicographicallyPrecedes(b.key.labels) { ($0.name, $0.value) < ($1.name, $1.value) }
    }
  }

  private static func sample(_ key: Key, _ aggregate: Aggregate) -> JSONValue? {
    guard aggregate.count > 0 else { return nil }
    return [
      "Name": .string(key.name),
      "Count": .int(aggregate.count),
      "Rate": number(aggregate.sum / Double(Intervals.length.seconds)),
      "Sum": number(aggregate.sum),
      "Min": number(aggregate.least),
      "Max": number(aggregate.greatest),
      "Mean": number(aggregate.mean),
      "Stddev": number(aggregate.deviation),
      "Labels": labels(key),
    ]
  }

  private static func labels(_ key: Key) -> JSONValue {
    .object(JSONObject(key.labels.map { ($0.name, JSONValue.string($0.value)) }))
  }

  private static func number(_ value: Double) -> JSONValue {
    .number(JSONNumber(text: value.isFinite ? decimal(value) : "0"))
  }

  /// Whole numbers without a fraction.
  static func decimal(_ value: Double) -> String {
    if let whole = Int64(exactly: value), abs(value) < 1e15 { return String(whole) }
    return value.description
  }

  /// `2026-01-02 03:04:05 +0000 UTC`.
  private static func goText(_ time: Timestamp) -> String {
    let text = Timestamp(seconds: time.seconds).rfc3339
    return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + " +0000 UTC"
  }
}

/// Builds the text exposition format; a name belongs to the first type that claims it.
private struct PrometheusText {
  private var families: [String: String] = [:]
  private var body = ""

  mutating func add<Value>(
    _ table: [MetricsRegistry.Key: Value], type: String,
    _ write: (inout PrometheusText, String, [MetricsRegistry.Key.Label], Value) -> Void
  ) {
    var current: String?
    for (key, value) in MetricsRegistry.sorted(table) {
      let name = Self.identifier(key.name)
      if current != name {
        finish(current)
        body = ""
        current = name
        line("# HELP \(name) \(name)")
        line("# TYPE \(name) \(type)")
      }
      write(&self, name, key.labels, value)
    }
    finish(current)
    body = ""
  }

  mutating func line(_ name: String, _ labels: [MetricsRegistry.Key.Label], _ value: Double) {
    var text = name
    if !labels.isEmpty {
      text +=
        "{" + labels.map { Self.identifier($0.name) + "=\"" + Self.escaped($0.value) + "\"" }.joined(separator: ",")
        + "}"
    }
    let number = value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : MetricsRegistry.decimal(value)
    line(text + " " + number)
  }

  var joined: String { families.sorted { $0.key < $1.key }.map(\.value).joined() }

  private mutating func line(_ text: String) { body += text + "\n" }

  private mutating func finish(_ name: String?) {
    if let name, families[name] == nil { families[name] = body }
  }

  private static func identifier(_ name: String) -> String {
    var out: [UInt8] = []
    for c in name.utf8 {
      switch c {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
        UInt8(ascii: ":"):
        out.append(c)
      case UInt8(ascii: "0")...UInt8(ascii: "9") where !out.isEmpty: out.append(c)
      default: out.append(UInt8(ascii: "_"))
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func escaped(_ value: String) -> String {
    var out = ""
    for c in value.unicodeScalars {
      switch c {
      case "\\": out += "\\\\"
      case "\"": out += "\\\""
      case "\n": out += "\\n"
      default: out.unicodeScalars.append(c)
      }
    }
    return out
  }
}
