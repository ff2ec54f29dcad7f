internal import StorageAPI

/// Changes on top of one another, newest first, above a state.
struct LayeredView {
  var layers: [Changes]
  var state: any StateReading

  func value(_ key: [UInt8]) throws(StoreError) -> StoredValue? {
    for layer in layers {
      switch layer.find(key) {
      case .value(let value): return value
      case .deleted: return nil
      case .untouched: continue
      }
    }
    return try state.value(key)
  }

  /// The first key at or after `start`.
  func firstKey(from start: [UInt8]) throws(StoreError) -> [UInt8]? {
    var position = start
    while true {
      var nearest: [UInt8]?
      var isLive = false
      for level in 0...layers.count {
        guard let (key, live) = try firstKey(in: level, from: position) else { continue }
        // A newer layer is asked first, so that on equal keys it decides.
        if let known = nearest, !KeyOrder.isBefore(key, known) { continue }
        nearest = key
        isLive = live
      }
      guard let nearest else { return nil }
      if isLive { return nearest }
      position = nearest + [0]
    }
  }

  /// The first key of one layer, or of the state below all, that no layer above has erased, and whether there is a value.
  private func firstKey(in level: Int, from start: [UInt8]) throws(StoreError) -> (key: [UInt8], live: Bool)? {
    var position = start
    while true {
      let found: (key: [UInt8], live: Bool)?
      if level < layers.count {
        found = layers[level].entries.first(from: position).map { ($0.key, $0.value != nil) }
      } else {
        found = try state.firstKey(from: position).map { ($0, true) }
      }
      guard let found else { return nil }
      var erasedPrefix: [UInt8]?
      for layer in layers[..<min(level, layers.count)] where erasedPrefix == nil {
        erasedPrefix = layer.erasure(of: found.key)
      }
      guard let erasedPrefix else { return found }
      guard let next = KeyRange.end(ofPrefix: erasedPrefix) else { return nil }
      position = next
    }
  }
}

enum KeyRange {
  /// The smallest key after all that begin with the prefix; nil where there is none.
  static func end(ofPrefix prefix: [UInt8]) -> [UInt8]? {
    var end = prefix
    while let last = end.popLast() {
      if last < 0xFF { return end + [last + 1] }
    }
    return nil
  }
}
