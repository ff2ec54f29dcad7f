package import JSONText

/// What can be said of a snapshot's file without the keys to its content.
package struct SnapshotInspection: Sendable {
  /// `ID`, `Size`, `Index`, `Term`, `Version` and what else was written down when it was taken.
  package let meta: JSONObject
  /// The keys with the bytes that each takes in the file, in byte order.
  package let entries: [(key: String, bytes: Int)]

  /// - Returns: nil for a file that is damaged, incomplete or no snapshot.
  package init?(_ file: [UInt8]) {
    guard let contents = SnapshotArchive.read(file), let meta = try? JSONParser.parse(contents.meta).objectValue else {
      return nil
    }
    self.meta = meta
    entries = contents.entries.map { entry in
      (entry.key, SnapshotArchive.recordBytes(key: entry.key.utf8.count, value: entry.value.count))
    }
  }
}
