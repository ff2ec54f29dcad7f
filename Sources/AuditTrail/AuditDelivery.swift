internal import AuditAPI
internal import Logging
internal import Primitives

/// Brings entries to all devices that want them, within the bound of patience.
struct AuditDelivery: Sendable {
  /// What one device is to write.
  struct Line {
    let device: AuditDeviceHandle
    let bytes: [UInt8]
  }

  let patience: Patience
  let log: Logger

  /// Nil when one device has what it is to write, or none had to write anything.
  ///
  /// Devices with threads of their own come first in `lines` and work at the same time, and what is left of the bound is for all of them
  /// together. Only where no device has written by then, the whole bound is granted once more.
  /// - Parameters:
  ///   - start: when the work on the entries began.
  ///   - spent: how long the request waited for devices before.
  func deliver(
    _ lines: [Line], _ kinds: EntryMeters.Kinds, since start: UInt64, spent: TimeSpan = .zero
  ) -> AuditFailure? {
    var attempts = lines.map { line in
      Attempt(device: line.device, progress: line.device.writer.submit(line.bytes))
    }
    settle(&attempts, spent: spent)
    var failed: [String] = []
    let duration = Double(patience.now() &- start) / 1_000_000
    for attempt in attempts {
      let failure = attempt.failure
      if failure != nil { failed.append(attempt.device.path) }
      report(attempt.device, failure)
      attempt.device.meters.note(kinds, milliseconds: duration, failed: failure != nil)
    }
    return !lines.isEmpty && failed.count == lines.count ? AuditFailure(devices: failed) : nil
  }

  private struct Attempt {
    let device: AuditDeviceHandle
    var progress: DeviceWriter.Progress

    var hasEntry: Bool { if case .finished(.success) = progress { true } else { false } }

    var failure: AuditDeviceError? {
      switch progress {
      case .finished(.success): nil
      case .finished(.failure(let error)): error
      case .waits: DeviceWriter.unresponsive
      }
    }
  }

  /// Waits for devices that have not said yet whether they have the entry.
  private func settle(_ attempts: inout [Attempt], spent: TimeSpan) {
    var isOpen = false
    for attempt in attempts { if case .waits = attempt.progress { isOpen = true } }
    guard isOpen else { return }
    let full = patience.deadline(after: patience.bound)
    let remaining = TimeSpan(nanoseconds: max(0, patience.bound.nanoseconds &- max(0, spent.nanoseconds)))
    let soon = min(full, patience.deadline(after: remaining))
    for deadline in [soon, full] {
      var waiting = 0
      for index in attempts.indices.reversed() {
        guard case .waits(let batch) = attempts[index].progress else { continue }
        attempts[index].progress = attempts[index].device.writer.wait(for: batch, until: deadline)
        if case .waits = attempts[index].progress { waiting += 1 }
      }
      if waiting == 0 || attempts.contains(where: \.hasEntry) { return }
    }
  }

  /// Says once that a device fails, and once that it works again.
  private func report(_ device: AuditDeviceHandle, _ failure: AuditDeviceError?) {
    device.queue.set(Double(device.writer.waiting))
    let isFailing = failure != nil
    guard device.isFailing.load(ordering: .relaxed) != isFailing,
      device.isFailing.exchange(isFailing, ordering: .relaxed) != isFailing
    else { return }
    if let failure {
      log.error("audit device fails", [("path", device.path), ("error", failure.message)])
    } else {
      log.info("audit device works again", [("path", device.path)])
    }
  }
}
