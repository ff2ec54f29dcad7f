/// The databases that this program knows.
enum PluginCatalog {
  static let types: [DatabasePluginType] = [PostgreSQLPlugin.type]

  static func type(
    _ name: String, version: String, among types: [DatabasePluginType]
  ) throws(DatabaseError) -> DatabasePluginType {
    guard version.isEmpty, let type = types.first(where: { $0.name == name }) else {
      let suffix = version.isEmpty ? "" : ", version=\(version)"
      throw DatabaseError("plugin not found in the catalog: \(name)\(suffix)")
    }
    return type
  }
}
