internal import StorageAPI

/// The values on disk as of one log entry, and perhaps of some changes of later ones, which are made again until they are known to be there.
protocol StateStorage: Sendable {
  /// The last entry that is in the state.
  func position() throws(StoreError) -> LogPosition
  /// The state as it is now, until `end`. Never waits, nor blocks on `apply`.
  /// - Returns: nil while the state cannot be read for a moment.
  func beginReading() throws(StoreError) -> (any StateReading)?
  /// Returns when `beginReading` is worth another try.
  func waitUntilReadable()
  /// Returns when the changes and the position are durable. Until then, and after an error, some of the changes may be in the
  /// state, but not the position: the log has them all.
  func advance(by changes: Changes, to position: LogPosition) throws(StoreError)
  /// The same for changes that the log does not have: all of them or, after an error, none.
  func replace(by changes: Changes, at position: LogPosition) throws(StoreError)
  /// Gives back memory that holds nothing but copies of the files.
  func trim()
  /// Waits for readers and releases the files.
  func close()
}

/// A state that stands still. Used by one thread at a time.
protocol StateReading {
  func value(_ key: [UInt8]) throws(StoreError) -> StoredValue?
  /// The first key at or after `start`.
  func firstKey(from start: [UInt8]) throws(StoreError) -> [UInt8]?
  func end()
}
