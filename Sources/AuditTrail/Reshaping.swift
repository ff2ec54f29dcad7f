internal import JSONText

extension AuditDeviceHandle {
  /// The entry without what is excluded, in the format asked for. Takes the entry apart, which the plain format never
  /// needs.
  func reshaped(_ json: [UInt8], _ subject: AuditFilter.Subject) -> [UInt8] {
    guard var value = try? JSONText(trusted: json).parsed() else { return json }
    for exclusion in options.exclusions where exclusion.condition?.matches(subject) ?? true {
      for field in exclusion.fields { value = value.removing(field[...]) }
    }
    switch options.format {
    case .json: return JSONText(value).bytes
    case .jsonx: return JSONX.encode(value)
    }
  }
}
