/// Lists a folder by jumps: from each name to the first key that can carry the next one, so that what lies in subfolders is never
/// walked over.
package enum FolderListing {
  private static let slash = UInt8(ascii: "/")
  /// The byte after "/": the smallest that follows all of a folder's keys.
  private static let afterSlash = slash + 1

  /// The names of `PhysicalStore.list`. `firstKey` answers the first key at or after its argument, in byte order.
  package static func names<E: Error>(
    below prefix: String, after: String?, limit: Int, firstKey: ([UInt8]) throws(E) -> [UInt8]?
  ) throws(E) -> [String] {
    guard limit > 0 else { return [] }
    let prefix = Array(prefix.utf8)
    var names: [String] = []
    var position = prefix
    if let after, !after.isEmpty {
      let name = Array(after.utf8)
      if let end = name.firstIndex(of: slash) {
        position += name[..<end] + [afterSlash]
      } else {
        position += name + [0]
      }
    }
    while names.count < limit, let key = try firstKey(position), key.starts(with: prefix) {
      let rest = key[prefix.count...]
      if let end = rest.firstIndex(of: slash) {
        names.append(String(decoding: rest[...end], as: UTF8.self))
        position = key[..<end] + [afterSlash]
      } else {
        // A key that is the folder itself has no name in it.
        if !rest.isEmpty { names.append(String(decoding: rest, as: UTF8.self)) }
        position = key + [0]
      }
    }
    return names
  }
}
