internal import CLMDB
internal import Glibc
internal import StorageAPI

/// Keys of any length in an LMDB table, whose own keys end at 511 bytes, in byte order.
///
/// A key that fits is one record. Of a longer one the first slice leads to a layer of its own, where the rest is stored in the same way,
/// so that the keys with one first slice lie together at its place:
///
///     layer, rest of the key                -> commit index (8), value
///     layer, first slice of the rest, 0x00  -> number of the layer below (8)
///
/// A layer is written as 0x00 for the first, and as 0x01 and its number (8, most significant first) for the others. A record is a link if
/// its part of the key is one longer than a slice.
struct SlicedKeys {
  let transaction: OpaquePointer
  let table: MDB_dbi
  let sliceBytes: Int

  static let largestSlice = 500
  private static let root: UInt64 = 0

  func value(_ key: [UInt8]) throws(StoreError) -> StoredValue? {
    var layer = Self.root
    var rest = key[...]
    while rest.count > sliceBytes {
      guard let next = try link(layer, rest) else { return nil }
      layer = next
      rest = rest.dropFirst(sliceBytes)
    }
    return try lookUp(record(layer, rest)) { bytes in
      guard let index = bytes.field(UInt64.self, at: 0) else { return nil }
      return StoredValue(bytes: Array(bytes.dropFirst(8)), index: index)
    }
  }

  /// The first key at or after `start`, by way of `cursor`.
  func firstKey(from start: [UInt8], cursor: OpaquePointer) throws(StoreError) -> [UInt8]? {
    try firstKey(in: Self.root, from: start[...], cursor: cursor)
  }

  private func firstKey(
    in layer: UInt64, from start: ArraySlice<UInt8>, cursor: OpaquePointer
  ) throws(StoreError) -> [UInt8]? {
    var from = record(layer, start)
    if start.count > sliceBytes {
      from = linkRecord(layer, start)
      if let below = try link(layer, start) {
        let slice = start.prefix(sliceBytes)
        let rest = try firstKey(in: below, from: start.dropFirst(sliceBytes), cursor: cursor)
        if let rest { return slice + rest }
        from.append(0)
      }
    }
    let head = record(layer, [])
    guard let (key, target) = try seek(from, cursor: cursor), key.starts(with: head) else { return nil }
    let part = key.dropFirst(head.count)
    guard part.count > sliceBytes else { return Array(part) }
    // A layer without keys is removed with its last key.
    guard let target, let rest = try firstKey(in: target, from: [], cursor: cursor) else {
      throw .damaged("a layer of long keys is missing in the state")
    }
    return part.dropLast() + rest
  }

  /// Writes a value, and the layers that lead to it where `newLayer` numbers them.
  func put(_ key: [UInt8], _ value: StoredValue, newLayer: () -> UInt64) throws(StoreError) {
    var layer = Self.root
    var rest = key[...]
    while rest.count > sliceBytes {
      if let below = try link(layer, rest) {
        layer = below
      } else {
        let below = newLayer()
        try store(linkRecord(layer, rest), count: 8) { $0.storeBytes(of: below.littleEndian, as: UInt64.self) }
        layer = below
      }
      rest = rest.dropFirst(sliceBytes)
    }
    try store(record(layer, rest), count: 8 + value.bytes.count) { record in
      record.storeBytes(of: value.index.littleEndian, as: UInt64.self)
      UnsafeMutableRawBufferPointer(rebasing: record[8...]).copyBytes(from: value.bytes)
    }
  }

  func delete(_ key: [UInt8]) throws(StoreError) {
    var layer = Self.root
    var rest = key[...]
    var links: [(record: [UInt8], below: UInt64)] = []
    while rest.count > sliceBytes {
      guard let below = try link(layer, rest) else { return }
      links.append((linkRecord(layer, rest), below))
      layer = below
      rest = rest.dropFirst(sliceBytes)
    }
    guard try remove(record(layer, rest)) else { return }
    guard !links.isEmpty else { return }
    let cursor = try openCursor()
    defer { mdb_cursor_close(cursor) }
    while let (link, below) = links.popLast() {
      let head = record(below, [])
      if let (key, _) = try seek(head, cursor: cursor), key.starts(with: head) { return }
      _ = try remove(link)
    }
  }

  func deleteAll(beginningWith prefix: [UInt8]) throws(StoreError) {
    let cursor = try openCursor()
    defer { mdb_cursor_close(cursor) }
    while let key = try firstKey(from: prefix, cursor: cursor), key.starts(with: prefix) { try delete(key) }
  }

  func openCursor() throws(StoreError) -> OpaquePointer {
    var cursor: OpaquePointer?
    try LMDBError.check(mdb_cursor_open(transaction, table, &cursor), "opening a cursor")
    guard let cursor else { throw .unavailable("the state gave no cursor") }
    return cursor
  }

  // MARK: Records

  private func record(_ layer: UInt64, _ part: ArraySlice<UInt8>) -> [UInt8] {
    var record: [UInt8] = []
    record.reserveCapacity(10 + part.count)
    if layer == Self.root {
      record.append(0)
    } else {
      record.append(1)
      withUnsafeBytes(of: layer.bigEndian) { record.append(contentsOf: $0) }
    }
    record += part
    return record
  }

  private func linkRecord(_ layer: UInt64, _ rest: ArraySlice<UInt8>) -> [UInt8] {
    record(layer, rest.prefix(sliceBytes)) + [0]
  }

  private func link(_ layer: UInt64, _ rest: ArraySlice<UInt8>) throws(StoreError) -> UInt64? {
    try lookUp(linkRecord(layer, rest)) { $0.field(UInt64.self, at: 0) }
  }

  func lookUp<R>(_ record: [UInt8], _ body: (UnsafeRawBufferPointer) -> R?) throws(StoreError) -> R? {
    var data = MDB_val()
    let code = withKey(record) { key in mdb_get(transaction, table, key, &data) }
    if code == MDB_NOTFOUND { return nil }
    try LMDBError.check(code, "reading")
    guard let result = body(UnsafeRawBufferPointer(start: data.mv_data, count: data.mv_size)) else {
      throw .damaged("a record of the state is cut short")
    }
    return result
  }

  /// The first record at or after `record`: its key, and its number if it is a link.
  private func seek(_ record: [UInt8], cursor: OpaquePointer) throws(StoreError) -> ([UInt8], UInt64?)? {
    var data = MDB_val()
    var found: [UInt8] = []
    let code = withKey(record) { key in
      let code = mdb_cursor_get(cursor, key, &data, MDB_SET_RANGE)
      if code == 0 { found = Array(UnsafeRawBufferPointer(start: key.pointee.mv_data, count: key.pointee.mv_size)) }
      return code
    }
    if code == MDB_NOTFOUND { return nil }
    try LMDBError.check(code, "reading")
    return (found, UnsafeRawBufferPointer(start: data.mv_data, count: data.mv_size).field(UInt64.self, at: 0))
  }

  func store(_ record: [UInt8], count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) throws(StoreError) {
    var data = MDB_val(mv_size: count, mv_data: nil)
    let code = withKey(record) { key in mdb_put(transaction, table, key, &data, UInt32(MDB_RESERVE)) }
    try LMDBError.check(code, "writing")
    fill(UnsafeMutableRawBufferPointer(start: data.mv_data, count: count))
  }

  private func remove(_ record: [UInt8]) throws(StoreError) -> Bool {
    let code = withKey(record) { key in mdb_del(transaction, table, key, nil) }
    if code == MDB_NOTFOUND { return false }
    try LMDBError.check(code, "deleting")
    return true
  }

  private func withKey(_ record: [UInt8], _ body: (UnsafeMutablePointer<MDB_val>) -> Int32) -> Int32 {
    record.withUnsafeBytes { bytes in
      var key = MDB_val(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
      return withUnsafeMutablePointer(to: &key, body)
    }
  }
}

/// What the codes of LMDB mean for those who use the store.
enum LMDBError {
  /// The map has no addresses left; never leaves the state.
  static let mapIsFull = StoreError.unavailable("the map of the state is full")

  static func check(_ code: Int32, _ operation: String) throws(StoreError) {
    guard code != 0 else { return }
    switch code {
    case ENOSPC, EDQUOT: throw .full
    case MDB_MAP_FULL: throw mapIsFull
    case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_VERSION_MISMATCH, MDB_BAD_TXN:
      throw .damaged(
        "\(operation) the state failed: \(String(cString: mdb_strerror(code))). Check the disk. Then restore the newest snapshot"
          + " into an empty folder, or empty this one and join the node to its cluster again.")
    default: throw .unavailable("\(operation) the state failed: \(String(cString: mdb_strerror(code)))")
    }
  }
}
