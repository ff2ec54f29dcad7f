/// What a device is made from.
package struct AuditDeviceContext: Sendable {
  /// Where the device is enabled, such as `file/`.
  package let path: String
  /// As the operator gave them, those of the trail itself (`log_raw`, `format`, …) included.
  package let options: [String: String]
  /// From a stanza of the server's configuration. Only whoever writes that may have the server read its environment
  /// and files for an option.
  package let isDeclared: Bool
  /// Nil where nothing can be kept.
  package let memory: AuditDeviceMemory?

  package init(
    path: String, options: [String: String], isDeclared: Bool = false, memory: AuditDeviceMemory? = nil
  ) {
    self.path = path
    self.options = options
    self.isDeclared = isDeclared
    self.memory = memory
  }
}

/// A few bytes that a device keeps elsewhere than where its entries go, so that after a restart it can tell whether
/// what it finds there is what it left. Encrypted like everything that the server stores.
package struct AuditDeviceMemory: Sendable {
  /// Nil before the first `save`, and where it cannot be read.
  package let load: @Sendable () -> [UInt8]?
  /// What cannot be saved is left as it was.
  package let save: @Sendable ([UInt8]) -> Void

  package init(load: @escaping @Sendable () -> [UInt8]?, save: @escaping @Sendable ([UInt8]) -> Void) {
    self.load = load
    self.save = save
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
