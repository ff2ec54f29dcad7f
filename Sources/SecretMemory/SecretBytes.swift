internal import CSystem

/// Bytes that are never printed, are compared in constant time and are zeroed when the last reference goes.
///
/// Reading them takes `withBytes`, so that every place that sees a secret can be found by that name.
package struct SecretBytes: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let storage: Storage

  /// Copies `bytes`; the caller's own copy stays the caller's concern.
  package init(copying bytes: some Collection<UInt8>) {
    storage = Storage(count: bytes.count)
    storage.memory.copyBytes(from: bytes)
  }

  /// Makes `count` bytes and lets `fill` write them in place.
  package init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
    storage = Storage(count: count)
    fill(storage.memory)
  }

  package var count: Int { storage.memory.count }

  /// Lends the bytes for the length of the call. They must not leave it.
  package func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try body(UnsafeRawBufferPointer(storage.memory))
  }

  /// Equal bytes of equal count; the time taken depends on the count alone.
  package static func == (a: SecretBytes, b: SecretBytes) -> Bool {
    a.count == b.count
      && constantTimeEqual(UnsafeRawBufferPointer(a.storage.memory), UnsafeRawBufferPointer(b.storage.memory))
  }

  package var description: String { "[redacted]" }
  package var debugDescription: String { "[redacted]" }
  package var customMirror: Mirror { Mirror(self, children: []) }

  private final class Storage: @unchecked Sendable {
    // Unchecked because the memory is written before the reference is shared and never after.
    let memory: UnsafeMutableRawBufferPointer

    init(count: Int) { memory = .allocate(byteCount: count, alignment: 16) }

    deinit {
      coffer_zero(memory.baseAddress, memory.count)
      memory.deallocate()
    }
  }
}

/// Compares in time that depends on the counts alone.
package func constantTimeEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  a.count == b.count && coffer_equal(a.baseAddress, b.baseAddress, a.count) == 1
}

/// Compares texts in time that depends on their lengths alone.
package func constantTimeEqual(_ a: String, _ b: String) -> Bool {
  var a = a
  var b = b
  return a.withUTF8 { x in b.withUTF8 { y in constantTimeEqual(UnsafeRawBufferPointer(x), UnsafeRawBufferPointer(y)) } }
}

/// Zeroes a buffer in place, for memory that a library handed out.
package func zero(_ buffer: UnsafeMutableRawBufferPointer) { coffer_zero(buffer.baseAddress, buffer.count) }
