import Glibc

private final class Work: Sendable {
  let number: Int
  let body: @Sendable (Int) -> Void
  init(number: Int, body: @escaping @Sendable (Int) -> Void) {
    self.number = number
    self.body = body
  }
}

/// Runs the body on so many threads at once and returns when all are done.
func runOnThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  var threads: [pthread_t] = []
  for number in 0..<count {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(number: number, body: body))
    let made = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
        work.body(work.number)
        return nil
      }, work.toOpaque())
    if made == 0 { threads.append(thread) }
  }
  for thread in threads { pthread_join(thread, nil) }
}
