import PostgreSQL
import Primitives
import Testing

@testable import DatabaseEngine

/// Those who wait for a connection are let in one after the other, also where none can be made.
@Test func whoeverGivesAConnectionBackLetsTheNextOneIn() throws {
  // Nothing listens there.
  let settings = try ConnectionSettings(text: "postgresql://a@127.0.0.1:1/a?sslmode=disable")
  let pool = ConnectionPool(settings, ConnectionPool.Limits(open: 2, idle: 2, lifetime: .zero))
  let refused = Locked(0)
  let threads = (0..<8).compactMap { _ in
    BackgroundThread {
      for _ in 0..<50 {
        do throws(PostgreSQLError) { try pool.withConnection(begin: { _ in }) { _ in } } catch {
          if error.kind == .connection { refused.withLock { $0 += 1 } }
        }
      }
    }
  }
  for thread in threads { thread.join() }
  #expect(threads.count == 8 && refused.withLock { $0 } == 400)
}
