/// Where audit entries end up. One thread at a time calls `write`; the others may be called meanwhile.
package protocol AuditDevice: Sendable {
  /// True where a write ends by itself within moments or fails, as to a file on a local disk. Such a device is written
  /// to by the thread that has the entry; any other gets a thread of its own, so that nobody has to wait for it
  /// without end.
  var isPrompt: Bool { get }

  /// The newest entry of a device that chains its entries; nil for any other, and before the first entry.
  var chainHead: AuditChainHead? { get }

  /// Takes one or several whole entries, each with its line feed. When it returns, the operating system has them all.
  /// - Throws: where it is not certain that all were taken. What follows must then not run into what was cut off.
  func write(_ entries: [UInt8]) throws(AuditDeviceError)

  /// Opens anew what stands behind the device, as after a file was rotated. The old one stays in use where that fails.
  func reopen() throws(AuditDeviceError)

  /// Nothing is written any more.
  func close()
}

extension AuditDevice {
  package var chainHead: AuditChainHead? { nil }
}

/// An entry of a chained log, by which everything up to it is known.
package struct AuditChainHead: Sendable, Equatable {
  /// Of the chain: 16 hexadecimal digits.
  package let id: String
  /// From 1.
  package let sequence: Int64
  /// 64 hexadecimal digits.
  package let hash: String

  package init(id: String, sequence: Int64, hash: String) {
    self.id = id
    self.sequence = sequence
    self.hash = hash
  }
}

/// Why a device could not be made or written to, in words for an operator; never holds a part of an entry.
package struct AuditDeviceError: Error, Sendable, Equatable {
  package let message: String

  package init(_ message: String) { self.message = message }

  /// For options that make no sense, with the ending by which clients know these.
  package static func configuration(_ message: String) -> AuditDeviceError {
    AuditDeviceError(message + ": invalid configuration")
  }
}
