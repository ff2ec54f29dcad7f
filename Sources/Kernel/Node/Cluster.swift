internal import JSONText
import Primitives
import StorageAPI

/// The name and id by which this cluster is known, made at initialisation.
package struct ClusterIdentity: Sendable, Equatable {
  package var name: String
  package var id: String

  static func make(name: String, random: RandomSource) -> ClusterIdentity {
    ClusterIdentity(
      name: name.isEmpty ? "coffer-cluster-" + Hex.encode(random.bytes(4)) : name, id: random.uuid())
  }

  func write(to store: any LogicalStore) throws {
    var batch = WriteBatch()
    batch.put(StoragePaths.cluster, JSONText(["name": .string(name), "id": .string(id)] as JSONObject).bytes)
    _ = try store.commit(batch)
  }

  static func load(from store: any LogicalStore) throws -> ClusterIdentity {
    guard let stored = try store.get(StoragePaths.cluster),
      let record = try? JSONParser.parse(stored.bytes), let name = record["name"]?.stringValue,
      let id = record["id"]?.stringValue
    else { throw StoreError.damaged("the cluster's identity cannot be read; restore a snapshot") }
    return ClusterIdentity(name: name, id: id)
  }
}
