internal import StorageAPI

/// The values on disk as of one log entry. It moves on in steps, each of which is durable and whole, or did not happen.
protocol StateStorage: Sendable {
  /// The last entry that is in the state.
  func position() throws(StoreError) -> LogPosition
  /// The state as it is now, until `end`. Never waits, nor blocks on `apply`.
  /// - Returns: nil while the state cannot be read for a moment.
  func beginReading() throws(StoreError) -> (any StateReading)?
  /// Returns when `beginReading` is worth another try.
  func waitUntilReadable()
  /// Returns when the changes and the position are durable. After an error nothing of them is in the state.
  func apply(_ changes: Changes, upTo position: LogPosition) throws(StoreError)
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
