internal import AuditTrail
package import EngineAPI
import Primitives

/// A mount's entry as it stood at one time, with what follows from it.
package final class MountFace: Sendable {
  package let entry: MountEntry
  package let requestPath: String
  /// How the audit log names the mount to those who may know it, and to all others.
  let audited: (known: AuditMount, unknown: AuditMount)

  init(_ entry: MountEntry, version: String) {
    self.entry = entry
    requestPath = entry.requestPath
    func audited(_ accessor: String) -> AuditMount {
      AuditMount(
        point: entry.requestPath, type: entry.type, accessor: accessor, mountClass: entry.mountClass.rawValue,
        version: version, clearRequestKeys: entry.configuration.auditNonHMACRequestKeys ?? [],
        clearResponseKeys: entry.configuration.auditNonHMACResponseKeys ?? [])
    }
    self.audited = (audited(entry.accessor), audited(""))
  }
}

/// A mount: its entry as it stands now, and its engine.
package final class Mount: Sendable {
  private let current: Locked<MountFace>
  private let running: Locked<MountedEngine>
  /// What the running engine was made with, which is older than the entry where a change was interrupted.
  private let engineOptions: Locked<[String: String]?>
  private let leaving = Locked(false)
  /// Around the requests inside.
  private let requests = Gate()
  /// Around the commits of the engine.
  let writes = Gate()
  /// Held by whoever moves the mount or takes it away.
  let upheaval = Serial(())
  package let type: EngineType
  /// The program has the mount's engine.
  package let isServed: Bool

  /// - Parameter type: nil where the program does not have the engine.
  init(entry: MountEntry, type: EngineType?, context: (Locked<MountFace>, Gate) -> MountContext) throws {
    isServed = type != nil
    self.type = type ?? AbsentEngine.type(entry.type, entry.mountClass)
    current = Locked(MountFace(entry, version: self.type.version))
    running = Locked(try self.type.make(context(current, writes)))
    engineOptions = Locked(entry.options)
  }

  package var face: MountFace { current.withLock { $0 } }
  package var entry: MountEntry { face.entry }
  var requestPath: String { face.requestPath }
  package var engine: MountedEngine { running.withLock { $0 } }
  func replace(_ entry: MountEntry) {
    let face = MountFace(entry, version: type.version)
    current.withLock { $0 = face }
  }

  // MARK: Coming and going

  /// False while the mount is moved or taken away, and when it is gone.
  var takesRequests: Bool { !requests.isClosed }

  /// - Returns: false where the mount takes no more requests; whoever got in says `leave` once.
  func enter() -> Bool { requests.enter() }
  func leave() { requests.leave() }

  /// Keeps requests out and waits for those inside, but no longer than `patience`.
  func drain(_ patience: TimeSpan) {
    requests.close(atMost: patience)
    leaving.withLock { $0 = true }
  }

  func reopen() {
    leaving.withLock { $0 = false }
    writes.open()
    requests.open()
  }

  /// True for who is still inside when nobody waits for them any longer: what was made meanwhile must be given back.
  var isLeaving: Bool { leaving.withLock { $0 } }

  /// True from shortly before the mount's keys are deleted.
  var isGone: Bool { writes.isClosed }

  // MARK: Options

  /// Makes the engine anew, as where other options give it other routes.
  func restart(context: (Locked<MountFace>, Gate) -> MountContext) throws {
    let options = entry.options
    let engine = try type.make(context(current, writes))
    let former = running.withLock { running in
      defer { running = engine }
      return running
    }
    engineOptions.withLock { $0 = options }
    former.close()
  }

  var isRestartDue: Bool { engineOptions.withLock { $0 } != entry.options }
}
