internal import EngineAPI
internal import JSONText
internal import Kernel

private enum Fields {
  static let start = Field.string("start_time", "The first month.")
  static let end = Field.string("end_time", "The last month.")
  static let enabled = Field.string("enabled", "Accepted for old clients, as are the next ones.")
  static let retention = Field.int("retention_months", "For how many months clients would be counted.")
  static let months = Field.int("default_report_months", "How many months a report would show.")
}

extension SystemEngine {
  static let counterRoutes: [Route<SystemEngine>] = [
    Route(
      "internal/counters/requests", summary: "Requests by month, which are no longer counted",
      [.read: { _, _ in throw EngineError.notFound("functionality removed") }]),
    Route(
      "internal/counters/tokens", summary: "How many tokens there are",
      [.read: { .data(counters("service_tokens", try $1.active.state.tokens.accessors().count)) }]),
    Route(
      "internal/counters/entities", summary: "How many entities there are",
      [.read: { .data(counters("entities", try $1.active.state.identity.entities.count)) }]),
    // Clients are not counted: that is what their number is bought for elsewhere.
    Route(
      "internal/counters/activity", fields: [Fields.start.description, Fields.end.description],
      summary: "Clients by month, which are not counted", [.read: { _, _ in Reply(.none, status: 204) }]),
    Route(
      "internal/counters/activity/monthly", summary: "Clients of this month, which are not counted",
      [.read: { _, _ in Reply(.none, status: 204) }]),
    Route(
      "internal/counters/config",
      fields: [Fields.enabled.description, Fields.retention.description, Fields.months.description],
      summary: "How clients are counted, which they are not",
      [
        .read: { _, _ in
          .data([
            "billing_start_timestamp": .null, "default_report_months": 12, "enabled": "default-disabled",
            "minimum_retention_months": 48, "queries_available": false, "reporting_enabled": false,
            "retention_months": 48,
          ])
        },
        .update: { _, _ in .warning("This server does not count clients: nothing was changed.") },
      ]),
  ]

  private static func counters(_ name: String, _ total: Int) -> JSONObject {
    let count: JSONObject = ["total": .int(total)]
    return ["counters": .object(JSONObject([(name, .object(count))]))]
  }
}
