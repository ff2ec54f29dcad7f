/// What may keep a thread for long: waits for the world, and computing that takes milliseconds.
package enum Blocking {
  /// On a fiber, runs the body on another thread while the fiber's carrier goes on with other fibers; elsewhere simply runs it.
  package static func run<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    guard let fiber = Fiber.current else { return try body() }
    let result = withoutActuallyEscaping(body) { body in
      let work = Work<R, E>(body)
      let isTaken = fiber.carrier.helpers.run {
        work.perform()
        fiber.resume()
      }
      // Without a thread others have to wait.
      if isTaken { fiber.park() } else { work.perform() }
      return work.take()
    }
    return try result.get()
  }

  /// Unchecked because the fiber that waits and the thread that works take turns.
  private final class Work<R, E: Error>: @unchecked Sendable {
    private var body: (() throws(E) -> R)?
    private var result: Result<R, E>?

    init(_ body: @escaping () throws(E) -> R) { self.body = body }

    func perform() {
      guard let body else { return }
      do throws(E) { result = .success(try body()) } catch { result = .failure(error) }
    }

    func take() -> Result<R, E> {
      body = nil
      guard let result else { fatalError("the work was not done") }
      return result
    }
  }
}
