import EngineAPI
internal import Primitives
package import StorageAPI

/// Methods, and the rules that ask for them: in storage one record each, and all of them in memory, so that a login that
/// needs no second factor costs no storage.
package final class MFAStore: Sendable {
  private struct Table: Sendable {
    var methods: [String: MFAMethod] = [:]
    var enforcements: [String: LoginEnforcement] = [:]
  }

  private static let methodFolder = "identity/mfa/method/"
  private static let enforcementFolder = "identity/mfa/enforcement/"

  private let store: any LogicalStore
  private let table = Locked(Table())
  private let changing = Serial(())

  package init(store: any LogicalStore) { self.store = store }

  /// Reads everything from storage.
  /// - Throws: `StoreError`; `.damaged` where a record cannot be read, because a rule that is not seen is a rule that is
  ///   not kept.
  package func load() throws {
    var loaded = Table()
    for name in try store.list(Self.methodFolder, after: nil, limit: .max) {
      guard let stored = try store.get(Self.methodFolder + name) else { continue }
      guard let method = MFAMethod(bytes: stored.bytes) else {
        throw StoreError.damaged("an MFA method cannot be read; restore a snapshot")
      }
      loaded.methods[method.id] = method
    }
    for name in try store.list(Self.enforcementFolder, after: nil, limit: .max) {
      guard let stored = try store.get(Self.enforcementFolder + name) else { continue }
      guard let enforcement = LoginEnforcement(bytes: stored.bytes) else {
        throw StoreError.damaged("a login enforcement cannot be read; restore a snapshot")
      }
      loaded.enforcements[enforcement.name] = enforcement
    }
    table.withLock { $0 = loaded }
  }

  // MARK: Looking up

  package func method(id: String) -> MFAMethod? { table.withLock { $0.methods[id] } }
  /// By id.
  package var methods: [MFAMethod] { table.withLock { Array($0.methods.values) }.sorted { $0.id < $1.id } }

  package func enforcement(name: String) -> LoginEnforcement? { table.withLock { $0.enforcements[name] } }
  /// By name.
  package var enforcements: [LoginEnforcement] {
    table.withLock { Array($0.enforcements.values) }.sorted { $0.name < $1.name }
  }

  /// The rules that a login comes under, by name.
  /// - Parameter subject: not asked for while there is no rule.
  package func enforcements(for subject: () -> LoginSubject) -> [LoginEnforcement] {
    if table.withLock({ $0.enforcements.isEmpty }) { return [] }
    let subject = subject()
    return enforcements.filter { $0.applies(to: subject) }
  }

  // MARK: Changing

  /// Stores a method.
  /// - Throws: `EngineError` where another one has its name.
  package func put(_ method: MFAMethod) throws {
    try changing.withTurn { (_) throws in
      if !method.name.isEmpty, methods.contains(where: { $0.name == method.name && $0.id != method.id }) {
        throw EngineError.list(
          status: 400, ["a login MFA method configuration with the method name \(method.name) already exists"])
      }
      var batch = WriteBatch()
      batch.put(Self.methodFolder + method.id, method.bytes)
      _ = try store.commit(batch)
      table.withLock { $0.methods[method.id] = method }
    }
  }

  /// Deletes a method and everybody's enrolment in it.
  /// - Throws: `EngineError` where a rule asks for it.
  package func deleteMethod(id: String) throws {
    try changing.withTurn { (_) throws in
      if let user = enforcements.first(where: { $0.methodIDs.contains(id) }) {
        throw EngineError.list(
          status: 400, ["methodID is still used by an enforcement configuration with ID: \(user.id)"])
      }
      var batch = WriteBatch()
      batch.delete(Self.methodFolder + id)
      batch.writes.append(.deletePrefix(EnrolmentStore.folder(methodID: id)))
      _ = try store.commit(batch)
      table.withLock { $0.methods[id] = nil }
    }
  }

  /// Stores a rule.
  /// - Throws: `EngineError` where it names a method that is not there.
  package func put(_ enforcement: LoginEnforcement) throws {
    try changing.withTurn { (_) throws in
      for id in enforcement.methodIDs where method(id: id) == nil {
        throw EngineError.invalid("there is no MFA method with the id \"\(id)\"")
      }
      var batch = WriteBatch()
      batch.put(Self.enforcementFolder + enforcement.id, enforcement.bytes)
      _ = try store.commit(batch)
      table.withLock { $0.enforcements[enforcement.name] = enforcement }
    }
  }

  package func deleteEnforcement(name: String) throws {
    try changing.withTurn { (_) throws in
      guard let enforcement = enforcement(name: name) else { return }
      var batch = WriteBatch()
      batch.delete(Self.enforcementFolder + enforcement.id)
      _ = try store.commit(batch)
      table.withLock { $0.enforcements[name] = nil }
    }
  }
}
