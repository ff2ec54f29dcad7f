internal import JSONText
internal import Primitives
internal import SecretMemory

/// A member of the record in which the settings of a service are stored.
enum ServiceRecordMember<Settings> {
  case text(String, WritableKeyPath<Settings, String>)
  case secret(String, WritableKeyPath<Settings, SecretBytes>)
  case flag(String, WritableKeyPath<Settings, Bool>)
}

/// Settings of a service of others that asks for the second factor: all that this server does is to keep them.
protocol ServiceSettings {
  init()
  static var members: [ServiceRecordMember<Self>] { get }
}

extension ServiceSettings {
  func write(to object: inout JSONObject) {
    for member in Self.members {
      switch member {
      case .text(let name, let path): object[name] = .string(self[keyPath: path])
      case .secret(let name, let path): object[name] = .string(self[keyPath: path].withBytes { Hex.encode($0) })
      case .flag(let name, let path): object[name] = .bool(self[keyPath: path])
      }
    }
  }

  init(record: JSONValue) {
    self.init()
    for member in Self.members {
      switch member {
      case .text(let name, let path): self[keyPath: path] = record[name]?.stringValue ?? ""
      case .secret(let name, let path):
        self[keyPath: path] = SecretBytes(copying: Hex.decode(record[name]?.stringValue ?? "") ?? [])
      case .flag(let name, let path): self[keyPath: path] = record[name]?.boolValue ?? false
      }
    }
  }
}

extension DuoSettings: ServiceSettings {
  static var members: [ServiceRecordMember<DuoSettings>] {
    [
      .text("username_format", \.usernameFormat), .secret("secret_key", \.secretKey),
      .text("integration_key", \.integrationKey), .text("api_hostname", \.hostname), .text("push_info", \.pushInfo),
      .flag("use_passcode", \.usesPasscode),
    ]
  }
}

extension OktaSettings: ServiceSettings {
  static var members: [ServiceRecordMember<OktaSettings>] {
    [
      .text("username_format", \.usernameFormat), .text("org_name", \.organisation), .secret("api_token", \.token),
      .text("base_url", \.baseURL), .flag("primary_email", \.primaryEmail),
    ]
  }
}

extension PingIDSettings: ServiceSettings {
  static var members: [ServiceRecordMember<PingIDSettings>] {
    [.text("username_format", \.usernameFormat), .secret("file", \.file)]
  }
}
