import Primitives
import Testing

@testable import Kernel

struct MonitorTests {
  @Test func whoFollowsTheLogIsLetGoWhenTheServerStops() throws {
    let world = try World()
    let sink = world.node.composition.log
    guard case .stream(let produce) = RequestPipeline(node: world.node).handle(world.request(.read, "sys/monitor")).body
    else {
      Issue.record("no stream")
      return
    }
    let heard = Monitored<String?>(nil)
    let follower = try #require(
      BackgroundThread {
        // Ends when the server lets it, and not by an error.
        do {
          try produce { piece in heard.update { $0 = ($0 ?? "") + String(decoding: piece, as: UTF8.self) } }
        } catch { Issue.record("\(error)") }
      })
    // The first piece comes when the listener is there.
    _ = heard.wait { $0 }
    sink.logger("core").error("the last line")
    sink.endListeners()
    follower.join()
    #expect(heard.withLock { $0 }?.contains("the last line") == true)
    #expect(sink.listenerCount == 0)
  }
}
