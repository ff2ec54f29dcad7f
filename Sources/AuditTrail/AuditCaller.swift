import Primitives

/// Who makes a request.
package struct AuditCaller: Sendable {
  fileprivate let memory: AuditMemory
  private let auth: @Sendable () -> AuditAuth

  /// - Parameters:
  ///   - memory: of the same caller under the same policies.
  ///   - auth: asked for where the memory has nothing for a device.
  package init(_ memory: AuditMemory, auth: @escaping @Sendable () -> AuditAuth) {
    self.memory = memory
    self.auth = auth
  }

  package init(_ auth: AuditAuth) { self.init(AuditMemory()) { auth } }

  func written(for device: AuditDeviceHandle) -> AuditMemory.Written {
    if let known = memory.find(device) { return known }
    let auth = auth()
    var writer = EntryWriter(device, reserving: 512)
    writer.auth(auth)
    let made = AuditMemory.Written(
      device: device.number, json: writer.bytes, token: writer.hashed(auth.clientToken),
      accessor: writer.hashed(auth.accessor))
    // What a device leaves readable must not stay in memory for as long as the token's holder is known.
    if !device.options.isRaw { memory.keep(made) }
    return made
  }
}

/// What devices write of a caller, made once for all its requests. Holds digests of tokens, never their texts.
package final class AuditMemory: Sendable {
  /// What one device writes.
  final class Written: Sendable {
    fileprivate let device: UInt64
    let json: [UInt8]
    /// As JSON texts; empty where there is none or the device does not hash it.
    let token: [UInt8]
    let accessor: [UInt8]

    init(device: UInt64, json: [UInt8], token: [UInt8], accessor: [UInt8]) {
      self.device = device
      self.json = json
      self.token = token
      self.accessor = accessor
    }

    /// What need not be hashed again for the request that this caller makes.
    func known(in request: AuditRequest) -> [HashedText] {
      var known: [HashedText] = []
      known.reserveCapacity(2)
      if !token.isEmpty { known.append(HashedText(text: request.clientToken, quoted: token)) }
      if !accessor.isEmpty { known.append(HashedText(text: request.clientTokenAccessor, quoted: accessor)) }
      return known
    }
  }

  private static let mostDevices = 4
  private let written = Locked<[Written]>([])

  package init() {}

  fileprivate func find(_ device: AuditDeviceHandle) -> Written? {
    written.withLock { written in
      for known in written where known.device == device.number { return known }
      return nil
    }
  }

  fileprivate func keep(_ made: Written) {
    written.withLock { written in
      if written.count >= Self.mostDevices { written.removeFirst() }
      written.append(made)
    }
  }
}
