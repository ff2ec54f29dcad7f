internal import AuditAPI
internal import Primitives

/// A device that could not be opened yet. It holds its place, so that without it nothing passes unrecorded, and is
/// tried again when entries come, though not with each.
final class ReopenedDevice: AuditDevice {
  private struct State {
    var device: (any AuditDevice)?
    var failure: AuditDeviceError
    var nextTry: Timestamp
    var isClosed = false
  }

  private static let pause = TimeSpan.seconds(1)

  private let type: AuditDeviceType
  private let context: AuditDeviceContext
  private let clock: WallClock
  private let state: Locked<State>

  let isPrompt = false
  var chainHead: AuditChainHead? { state.withLock { $0.device }?.chainHead }

  init(type: AuditDeviceType, context: AuditDeviceContext, failure: AuditDeviceError, clock: WallClock) {
    self.type = type
    self.context = context
    self.clock = clock
    state = Locked(State(failure: failure, nextTry: clock.now() + Self.pause))
  }

  func write(_ entries: [UInt8]) throws(AuditDeviceError) { try opened(isDue: false).write(entries) }

  func reopen() throws(AuditDeviceError) {
    let wasOpen = state.withLock { $0.device != nil }
    let device = try opened(isDue: true)
    if wasOpen { try device.reopen() }
  }

  func close() {
    let device = state.withLock { state in
      state.isClosed = true
      defer { state.device = nil }
      return state.device
    }
    device?.close()
  }

  private func opened(isDue: Bool) throws(AuditDeviceError) -> any AuditDevice {
    let now = clock.now()
    let known = try state.withLock { state throws(AuditDeviceError) -> (any AuditDevice)? in
      if let device = state.device { return device }
      if state.isClosed || !(isDue || now >= state.nextTry) { throw state.failure }
      state.nextTry = now + Self.pause
      return nil
    }
    if let known { return known }
    let device: any AuditDevice
    do throws(AuditDeviceError) {
      device = try type.make(context)
    } catch {
      state.withLock { $0.failure = error }
      throw error
    }
    let (kept, surplus) = state.withLock { state -> (any AuditDevice, Bool) in
      if let first = state.device { return (first, true) }
      if state.isClosed { return (device, true) }
      state.device = device
      return (device, false)
    }
    if surplus { device.close() }
    return kept
  }
}
