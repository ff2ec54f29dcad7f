/// How results are printed.
package enum OutputFormat: String, Sendable {
  case table, json, yaml, raw, pretty

  init?(name: String) {
    switch name.lowercased() {
    case "", "table": self = .table
    case "json": self = .json
    case "yaml", "yml": self = .yaml
    case "raw": self = .raw
    case "pretty": self = .pretty
    default: return nil
    }
  }
}
