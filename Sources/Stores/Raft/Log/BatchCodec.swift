internal import StorageAPI

/// The writes of a batch as the payload of a log entry: their number (4), then each as its kind (1), length of key (4), key and, for a
/// put, length of value (4) and value.
enum BatchCodec {
  private enum Kind: UInt8 { case put = 1, delete = 2, deletePrefix = 3 }

  static func encode(_ writes: [WriteBatch.Write]) -> [UInt8] {
    var payload: [UInt8] = []
    payload.appendField(UInt32(writes.count))
    func append(_ kind: Kind, _ key: String) {
      payload.append(kind.rawValue)
      payload.appendField(UInt32(key.utf8.count))
      payload.append(contentsOf: key.utf8)
    }
    for write in writes {
      switch write {
      case .put(let key, let value):
        append(.put, key)
        payload.appendField(UInt32(value.count))
        payload.append(contentsOf: value)
      case .delete(let key): append(.delete, key)
      case .deletePrefix(let prefix): append(.deletePrefix, prefix)
      }
    }
    return payload
  }

  /// Nil where the payload is not of that form.
  static func decode(_ payload: [UInt8]) -> [WriteBatch.Write]? {
    payload.withUnsafeBytes { payload -> [WriteBatch.Write]? in
      var at = 0
      func take() -> UnsafeRawBufferPointer? {
        guard let length = payload.field(UInt32.self, at: at),
          let bytes = payload.bytes(at: at + 4, count: Int(length))
        else { return nil }
        at += 4 + Int(length)
        return bytes
      }
      guard let count = payload.field(UInt32.self, at: 0) else { return nil }
      at = 4
      var writes: [WriteBatch.Write] = []
      for _ in 0..<count {
        guard let kind = payload.field(UInt8.self, at: at).flatMap(Kind.init) else { return nil }
        at += 1
        guard let bytes = take() else { return nil }
        let key = String(decoding: bytes, as: UTF8.self)
        switch kind {
        case .put:
          guard let value = take() else { return nil }
          writes.append(.put(key: key, value: Array(value)))
        case .delete: writes.append(.delete(key: key))
        case .deletePrefix: writes.append(.deletePrefix(key))
        }
      }
      return at == payload.count ? writes : nil
    }
  }
}
