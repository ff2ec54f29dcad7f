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

  /// Two entities are enrolled in one method, and only one of them can stay.
  package struct Conflict: Sendable, Equatable {
    package let entityID: String
    package let methodID: String
  }

  /// Enrols an entity as others are, in methods in which it is not, and ends theirs.
  /// - Parameter keepsHeirs: where it is enrolled in a method already, it stays so; otherwise nothing changes then.
  package func handOver(
    from entityIDs: [String], to heir: String, methodIDs: [String], keepsHeirs: Bool
  ) throws -> Conflict? {
    while true {
      var batch = WriteBatch()
      for methodID in methodIDs {
        let place = Self.key(heir, methodID)
        var isTaken = try store.get(place) != nil
        for entityID in entityIDs {
          let key = Self.key(entityID, methodID)
          guard let stored = try store.get(key) else { continue }
          if isTaken && !keepsHeirs { return Conflict(entityID: entityID, methodID: methodID) }
          if !isTaken {
            batch.put(place, stored.bytes)
            batch.delete(key)
            batch.preconditions += [.absent(key: place), .unchanged(key: key, since: stored.index)]
          }
          isTaken = true
        }
      }
      if batch.isEmpty { return nil }
      // Where a code was used up meanwhile, that has to come along.
      do { _ = try store.commit(batch) } catch {
        if (error as StoreError) == .conflict { continue } else { throw error }
      }
      return nil
    }
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
