package import StorageAPI

/// Who is enrolled in which method: one record each, read when a passcode is to be judged.
package struct EnrolmentStore: Sendable {
  private static let root = "identity/mfa/enrolment/"
  static func folder(methodID: String) -> String { root + methodID + "/" }
  private static func key(_ entityID: String, _ methodID: String) -> String { folder(methodID: methodID) + entityID }

  private let store: any LogicalStore

  package init(store: any LogicalStore) { self.store = store }

  /// An enrolment as it was read, so that it can be changed only while it is still so.
  package struct Known: Sendable {
    package let enrolment: Enrolment
    fileprivate let key: String
    fileprivate let index: CommitIndex
  }

  package func known(entityID: String, methodID: String) throws -> Known? {
    let key = Self.key(entityID, methodID)
    guard let stored = try store.get(key) else { return nil }
    guard let enrolment = Enrolment(bytes: stored.bytes) else {
      throw StoreError.damaged("an MFA enrolment cannot be read; destroy it and make a new one")
    }
    return Known(enrolment: enrolment, key: key, index: stored.index)
  }

  /// - Returns: false where the entity is enrolled already; the enrolment stays as it is.
  package func add(_ enrolment: Enrolment, entityID: String, methodID: String) throws -> Bool {
    let key = Self.key(entityID, methodID)
    var batch = WriteBatch()
    batch.put(key, enrolment.bytes)
    batch.preconditions.append(.absent(key: key))
    do { _ = try store.commit(batch) } catch {
      if (error as StoreError) == .conflict { return false }
      throw error
    }
    return true
  }

  /// Stores enrolments whose codes were just used up, all or none.
  /// - Returns: false where one of them was changed since it was read: its code may be used up already.
  package func useUp(_ codes: [(known: Known, next: Enrolment)]) throws -> Bool {
    var batch = WriteBatch()
    for code in codes {
      batch.put(code.known.key, code.next.bytes)
      batch.preconditions.append(.unchanged(key: code.known.key, since: code.known.index))
    }
    if batch.isEmpty { return true }
    do { _ = try store.commit(batch) } catch {
      if (error as StoreError) == .conflict { return false }
      throw error
    }
    return true
  }

  package func remove(entityIDs: [String], methodIDs: [String]) throws {
    var batch = WriteBatch()
    for methodID in methodIDs {
      for entityID in entityIDs where try store.get(Self.key(entityID, methodID)) != nil {
        batch.delete(Self.key(entityID, methodID))
      }
    }
    if !batch.isEmpty { _ = try store.commit(batch) }
  }
}
