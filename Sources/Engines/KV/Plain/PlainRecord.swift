internal import JSONText
internal import Primitives

/// A value of version 1 as it is stored: what a read needs to know about its life span, then the value's JSON text.
struct PlainRecord {
  /// Seconds; nil where the value says nothing that is a length of time.
  let leaseDuration: Int64?
  let json: ArraySlice<UInt8>

  private static let format: UInt8 = 1

  static func encode(_ fields: JSONObject) -> [UInt8] {
    let duration = leaseDuration(of: fields)
    let json = JSONText(sorting: .object(fields)).bytes
    var writer = RecordWriter(reserving: json.count + 10)
    writer.byte(format)
    writer.byte(duration == nil ? 0 : 1)
    writer.int64(duration ?? 0)
    writer.rest(json)
    return writer.bytes
  }

  init(_ bytes: [UInt8]) throws(RecordReader.Damaged) {
    var reader = RecordReader(bytes)
    guard try reader.byte() == Self.format else { throw RecordReader.Damaged() }
    let isSet = try reader.byte() != 0
    let seconds = try reader.int64()
    leaseDuration = isSet ? seconds : nil
    json = reader.rest
  }

  /// What `ttl` says, or `lease` where there is no `ttl`. Decided at the write, so that reads take nothing apart.
  private static func leaseDuration(of fields: JSONObject) -> Int64? {
    guard let raw = fields["ttl"] ?? fields["lease"] else { return nil }
    switch raw {
    case .null: return 0
    case .number(let number): return number.int64
    case .string(let text): return text.isEmpty ? 0 : TimeSpan(api: text)?.seconds
    case .bool, .array, .object: return nil
    }
  }
}
