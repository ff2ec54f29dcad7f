package import Primitives

/// Logins whose first factor was right and that wait for the second, each under an id that nobody can guess. A plain state
/// machine; time is given with each call.
///
/// There are at most `limit` of them, and at most `limitPerEntity` of one entity, whose oldest makes room.
package struct PendingLogins<Login: Sendable>: Sendable {
  package struct Held: Sendable {
    package let id: String
    package let entityID: String
    package let expires: Timestamp
    package let login: Login
  }

  private var held: [String: Held] = [:]
  private var byEntity: [String: [String]] = [:]
  private var ends = ExpiryQueue()
  private let limit: Int
  private let limitPerEntity: Int
  private let lifetime: TimeSpan

  package init(limit: Int = 16_384, limitPerEntity: Int = 16, lifetime: TimeSpan = .minutes(5)) {
    self.limit = max(1, limit)
    self.limitPerEntity = max(1, limitPerEntity)
    self.lifetime = lifetime
  }

  package var count: Int { held.count }

  /// - Returns: false where too many others wait.
  package mutating func hold(_ login: Login, id: String, entityID: String, now: Timestamp) -> Bool {
    dropExpired(now)
    while let own = byEntity[entityID], own.count >= limitPerEntity, let oldest = own.first { remove(oldest) }
    guard held.count < limit else { return false }
    put(Held(id: id, entityID: entityID, expires: now + lifetime, login: login))
    return true
  }

  /// Takes a login out, so that of several who ask for it at the same time one gets it.
  package mutating func take(_ id: String, now: Timestamp) -> Held? {
    dropExpired(now)
    guard let found = held[id] else { return nil }
    remove(id)
    return found
  }

  /// Puts back what was taken, for another try within the same time.
  package mutating func giveBack(_ login: Held, now: Timestamp) {
    guard now < login.expires, held[login.id] == nil else { return }
    if let own = byEntity[login.entityID], own.count >= limitPerEntity { return }
    guard held.count < limit else { return }
    put(login)
  }

  private mutating func put(_ login: Held) {
    held[login.id] = login
    byEntity[login.entityID, default: []].append(login.id)
    ends.schedule(login.id, at: login.expires)
  }

  private mutating func remove(_ id: String) {
    guard let gone = held.removeValue(forKey: id) else { return }
    ends.cancel(id)
    byEntity[gone.entityID]?.removeAll { $0 == id }
    if byEntity[gone.entityID]?.isEmpty == true { byEntity[gone.entityID] = nil }
  }

  private mutating func dropExpired(_ now: Timestamp) {
    for id in ends.takeDue(now, limit: .max) { remove(id) }
  }
}
