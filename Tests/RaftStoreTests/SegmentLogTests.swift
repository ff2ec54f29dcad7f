import Primitives
import StorageAPI
import Testing

@testable import RaftStore

@Suite struct SegmentLogTests {
  private func disk() -> SimulatedDisk { SimulatedDisk(random: .seeded(1)) }

  private func open(
    _ disk: SimulatedDisk, segmentBytes: Int = 1024, state: LogPosition = .start
  ) throws(StoreError) -> SegmentLog {
    try SegmentLog(
      SegmentLog.Settings(folder: "/log", segmentBytes: segmentBytes), files: disk, random: .seeded(7), state: state)
  }

  private func entry(_ index: UInt64, term: UInt64 = 1, bytes: Int = 20) -> LogEntry {
    LogEntry(
      index: index, term: term, kind: .batch,
      payload: [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: bytes))
  }

  private func change(_ disk: SimulatedDisk, _ path: String, _ body: (inout [UInt8]) -> Void) {
    disk.state.withLock { state in
      guard let file = state.names[path], var bytes = state.files[file]?.bytes else { return }
      body(&bytes)
      state.files[file] = SimulatedDisk.Contents(bytes: bytes, durable: bytes)
    }
  }

  private func bytes(_ disk: SimulatedDisk, _ path: String) -> [UInt8] {
    disk.state.withLock { state in state.names[path].flatMap { state.files[$0]?.bytes } ?? [] }
  }

  private let first = "/log/000000000001.log"

  @Test func knowsTheChecksumOfRFC3720() {
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(Array(0..<32)) == 0x46DD_794E)
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
  }

  @Test func aTornEndIsCutAtEveryByte() throws {
    let whole = disk()
    let log = try open(whole)
    for index in 1...3 as ClosedRange<UInt64> { try log.append([entry(index)]) }
    let before = bytes(whole, first)
    try log.append([entry(4), entry(5)])
    let after = bytes(whole, first)
    let start = (try #require(before.lastIndex { $0 != 0 }) + 8) & ~7
    let end = try #require(after.lastIndex { $0 != 0 }) + 1
    for tear in start..<end {
      for shortens in [false, true] {
        change(whole, first) { bytes in
          bytes = Array(after[..<tear]) + (shortens ? [] : [UInt8](repeating: 0, count: after.count - tear))
        }
        let torn = try open(whole)
        #expect(torn.last.index == 3, "torn at \(tear)")
        try torn.append([entry(4, term: 2)])
        let again = try open(whole)
        #expect(again.tornBytes == 0)
        #expect(again.last == LogPosition(index: 4, term: 2))
        #expect(try again.read(from: 1, atMost: 9) == [entry(1), entry(2), entry(3), entry(4, term: 2)])
      }
    }
  }

  @Test func aFlippedBitIsDamageUnlessOnlyTheLastFrameHasIt() throws {
    let whole = disk()
    let log = try open(whole, segmentBytes: 192)
    for index in 1...5 as ClosedRange<UInt64> { try log.append([entry(index)]) }
    #expect(log.segmentCount == 3)
    let frame = LogFrame.size(of: [entry(1)])
    for number in 1...3 {
      let path = "/log/00000000000\(number).log"
      let good = bytes(whole, path)
      for place in good.indices {
        for bit in 0..<8 {
          change(whole, path) { $0[place] ^= 1 << UInt8(bit) }
          if number == 3, place >= SegmentHeader.size {
            let kept: UInt64 = place < SegmentHeader.size + frame ? 4 : 5
            #expect(try open(whole, segmentBytes: 192).last.index == kept, "byte \(place)")
          } else {
            #expect(throws: StoreError.self) { try open(whole, segmentBytes: 192) }
          }
          change(whole, path) { $0 = good }
        }
      }
    }
    #expect(try open(whole, segmentBytes: 192).last.index == 5)
  }

  @Test func damageSaysWhereItIsAndWhatToDo() throws {
    let whole = disk()
    let log = try open(whole)
    for index in 1...3 as ClosedRange<UInt64> { try log.append([entry(index)]) }
    change(whole, first) { $0[SegmentHeader.size + 30] ^= 1 }
    let opened = Result { () throws(StoreError) in try open(whole) }
    var words = ""
    if case .failure(.damaged(let text)) = opened { words = text }
    #expect(words.contains("\(first) is damaged at byte 64"))
    #expect(words.contains("restore the newest snapshot"))
    #expect(words.contains("the state holds every entry up to 0"))
  }

  @Test func aMissingSegmentAndALostEndAreDamage() throws {
    let whole = disk()
    let log = try open(whole, segmentBytes: 192)
    for index in 1...5 as ClosedRange<UInt64> { try log.append([entry(index)]) }
    #expect(throws: StoreError.self) { try open(whole, state: LogPosition(index: 6, term: 1)) }
    try whole.remove("/log/000000000002.log")
    #expect(throws: StoreError.self) { try open(whole) }
    try whole.remove("/log/000000000001.log")
    #expect(throws: StoreError.self) { try open(whole, state: LogPosition(index: 3, term: 1)) }
    #expect(try open(whole, state: LogPosition(index: 4, term: 1)).last.index == 5)
    try whole.remove("/log/000000000003.log")
    let fresh = try open(whole, state: LogPosition(index: 9, term: 3))
    try fresh.append([entry(10, term: 4)])
    #expect(try open(whole, state: LogPosition(index: 9, term: 3)).last == LogPosition(index: 10, term: 4))
  }

  @Test(arguments: 0..<200) func keepsWhatAModelOfALogKeeps(seed: UInt64) throws {
    let random = RandomSource.seeded(seed)
    let whole = disk()
    var log = try open(whole, segmentBytes: 512)
    var model: [LogEntry] = []
    var removed: UInt64 = 0
    for step in 0..<60 {
      let end = model.last?.index ?? removed
      switch random.below(10) {
      case 0:
        let cut = removed + 1 + random.below(end - removed + 1)
        if cut > removed + 1 || removed == 0 {
          try log.truncate(from: cut)
          model.removeAll { $0.index >= cut }
        }
      case 1: log = try open(whole, segmentBytes: 512, state: LogPosition(index: removed, term: 0))
      case 2 where end > 0:
        let before = removed + 1 + random.below(end - removed)
        try log.remove(before: before)
        removed = max(removed, (log.firstIndex ?? 1) - 1)
        model.removeAll { $0.index <= removed }
      default:
        let from = random.below(6) == 0 && end > removed + 1 ? end : end + 1
        let news = (0...random.below(3)).map { entry(from + $0, term: UInt64(step), bytes: Int(random.below(300))) }
        model.removeAll { $0.index >= from }
        model += news
        try log.append(news)
      }
      #expect(log.last.index == model.last?.index ?? removed)
      #expect(try log.read(from: removed + 1, atMost: 1000) == model, "seed \(seed) step \(step)")
    }
  }

  @Test func aPreparedSegmentIsTakenAndOldOnesGo() throws {
    let whole = disk()
    let log = try open(whole, segmentBytes: 512)
    for index in 1...40 as ClosedRange<UInt64> {
      try log.append([entry(index)])
      if let prepare = log.preparation() { log.install(try prepare()) }
      if index % 10 == 0 { try log.remove(before: index) }
    }
    #expect(log.segmentCount <= 2)
    #expect(try open(whole, segmentBytes: 512, state: LogPosition(index: 39, term: 1)).last.index == 40)
  }
}
