/// What a device is made from.
package struct AuditDeviceContext: Sendable {
  /// Where the device is enabled, such as `file/`.
  package let path: String
  /// As the operator gave them, those of the trail itself (`log_raw`, `format`, …) included.
  package let options: [String: String]

  package init(path: String, options: [String: String]) {
    self.path = path
    self.options = options
  }
}

/// A kind of device that can be enabled. The list of them is made by the program's composition.
package struct AuditDeviceType: Sendable {
  /// The `type` of `sys/audit`, such as `file`.
  package let name: String
  /// Checks the options and opens what stands behind the device.
  package let make: @Sendable (AuditDeviceContext) throws(AuditDeviceError) -> any AuditDevice

  package init(
    name: String,
    make: @escaping @Sendable (AuditDeviceContext) throws(AuditDeviceError) -> any AuditDevice
  ) {
    self.name = name
    self.make = make
  }
}
