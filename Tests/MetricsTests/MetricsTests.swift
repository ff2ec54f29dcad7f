import FiberFixture
import JSONText
import Metrics
import Primitives
import Testing

private final class Hands: Sendable {
  private let time = Locked(Timestamp(seconds: 1_767_323_040))
  var clock: WallClock { WallClock { [time] in time.withLock { $0 } } }
  func pass(_ span: TimeSpan) { time.withLock { $0 = $0 + span } }
}

@Test func prometheusFamilies() {
  let registry = MetricsRegistry(clock: Hands().clock)
  registry.gauge("vault.core.unsealed", [("cluster", "a\"\\\n")]).set(1)
  registry.counter("vault.token.creation", [("b", "2"), ("a", "1")]).increment()
  registry.counter("vault.token.creation", [("a", "1"), ("b", "2")]).increment(by: 2)
  registry.counter("vault.token.creation").increment()
  registry.summary("vault.audit.file/.log-request").observe(milliseconds: 0.5)
  #expect(
    registry.prometheus() == """
      # HELP vault_audit_file__log_request vault_audit_file__log_request
      # TYPE vault_audit_file__log_request summary
      vault_audit_file__log_request{quantile="0.5"} 0.5
      vault_audit_file__log_request{quantile="0.9"} 0.5
      vault_audit_file__log_request{quantile="0.99"} 0.5
      vault_audit_file__log_request_sum 0.5
      vault_audit_file__log_request_count 1
      # HELP vault_core_unsealed vault_core_unsealed
      # TYPE vault_core_unsealed gauge
      vault_core_unsealed{cluster="a\\"\\\\\\n"} 1
      # HELP vault_token_creation vault_token_creation
      # TYPE vault_token_creation counter
      vault_token_creation 1
      vault_token_creation{a="1",b="2"} 3

      """)
}

@Test func quantilesOfTheLastObservations() {
  let registry = MetricsRegistry(clock: Hands().clock)
  let summary = registry.summary("s")
  for _ in 0..<1000 { summary.observe(milliseconds: 1_000_000) }
  for value in 1...Summary.window { summary.observe(milliseconds: Double(value)) }
  let text = registry.prometheus()
  #expect(text.contains("s{quantile=\"0.5\"} 256\n"))
  #expect(text.contains("s{quantile=\"0.9\"} 461\n"))
  #expect(text.contains("s{quantile=\"0.99\"} 507\n"))
  #expect(text.contains("s_count \(1000 + Summary.window)\n"))
}

/// Each carrier counts for itself; what is shown is the whole.
@Test func observationsOfAllThreadsAreOneSummary() throws {
  let registry = MetricsRegistry(clock: Hands().clock)
  let summary = registry.summary("s")
  summary.observe(milliseconds: 10)
  summary.observe(milliseconds: 40)
  let carriers = try Carriers(1)
  #expect(carriers.value { summary.observe(milliseconds: 20) } != nil)
  #expect(carriers.value { summary.observe(milliseconds: 30) } != nil)
  carriers.stop()
  let text = registry.prometheus()
  #expect(text.contains("s{quantile=\"0.5\"} 20\n"))
  #expect(text.contains("s{quantile=\"0.99\"} 40\n"))
  #expect(text.contains("s_sum 100\ns_count 4\n"))
  let sampled = try #require(registry.json()["Samples"]?.arrayValue?.first)
  #expect(sampled["Count"] == 4 && sampled["Sum"] == 100)
  #expect(sampled["Min"] == 10 && sampled["Max"] == 40 && sampled["Mean"] == 25)
  // Of 10, 20, 30 and 40: the square root of 500 / 3.
  #expect(abs((sampled["Stddev"]?.numberValue?.double ?? 0) - 12.9099445) < 0.0001)
}

@Test func documentOfTheLastFinishedInterval() throws {
  let hands = Hands()
  let registry = MetricsRegistry(clock: hands.clock)
  let counter = registry.counter("vault.c", [("l", "v")])
  let summary = registry.summary("vault.s")
  registry.gauge("vault.g").set(1.5)
  counter.increment(by: 2)
  summary.observe(milliseconds: 10)
  summary.observe(milliseconds: 20)
  // Nothing has finished yet: what there is is shown.
  #expect(registry.json()["Counters"]?.arrayValue?.first?["Sum"] == 2)
  hands.pass(.seconds(10))
  counter.increment(by: 40)
  let document = registry.json()
  #expect(document["Timestamp"] == "2026-01-02 03:04:00 +0000 UTC")
  #expect(document["Gauges"] == [["Name": "vault.g", "Value": .number(JSONNumber(text: "1.5")), "Labels": [:]]])
  let counted = try #require(document["Counters"]?.arrayValue)
  #expect(counted.count == 1)
  #expect(counted[0]["Sum"] == 2 && counted[0]["Count"] == 1 && counted[0]["Labels"] == ["l": "v"])
  #expect(counted[0]["Rate"]?.numberValue?.double == 0.2)
  let sampled = try #require(document["Samples"]?.arrayValue?.first)
  #expect(sampled["Min"] == 10 && sampled["Max"] == 20 && sampled["Mean"] == 15)
  #expect(abs((sampled["Stddev"]?.numberValue?.double ?? 0) - 7.0710678) < 0.0001)
  hands.pass(.seconds(30))
  #expect(registry.json()["Counters"] == [])
  #expect(counter.total == 42)
}
