internal import Client
internal import JSONText

/// The rows and the fields that an answer is shown with.
enum SecretTable {
  static func rows(_ secret: Secret) -> [(String, String)] {
    var rows: [(String, String)] = []
    if secret.leaseDuration > 0 {
      let duration = PlainText.duration(seconds: secret.leaseDuration)
      if secret.leaseID.isEmpty {
        // No lease to renew or revoke: the time says how often to look again.
        rows.append(("refresh_interval", duration))
      } else {
        rows.append(("lease_id", secret.leaseID))
        rows.append(("lease_duration", duration))
        rows.append(("lease_renewable", String(secret.renewable)))
      }
    }
    if let auth = secret.auth { rows += self.rows(auth) }
    if let wrap = secret.wrapInfo {
      rows += [
        ("wrapping_token:", wrap.token), ("wrapping_accessor:", wrap.accessor),
        ("wrapping_token_ttl:", PlainText.duration(seconds: wrap.ttl)),
        ("wrapping_token_creation_time:", wrap.creationTime), ("wrapping_token_creation_path:", wrap.creationPath),
      ]
      if !wrap.wrappedAccessor.isEmpty { rows.append(("wrapped_accessor:", wrap.wrappedAccessor)) }
    }
    for member in secret.data?.sorted.members ?? [] {
      rows.append((member.name, PlainText.cell(member.name, member.value)))
    }
    return rows
  }

  private static func rows(_ auth: Secret.Auth) -> [(String, String)] {
    if let requirement = auth.multiFactor {
      var rows = [("mfa_request_id", requirement["mfa_request_id"]?.stringValue ?? "")]
      for constraint in requirement["mfa_constraints"]?.objectValue?.members ?? [] {
        for method in constraint.value["any"]?.arrayValue ?? [] {
          let name = "mfa_constraint_\(constraint.name)_\(method["type"]?.stringValue ?? "")"
          rows.append((name + "_id", method["id"]?.stringValue ?? ""))
          rows.append((name + "_uses_passcode", String(method["uses_passcode"]?.boolValue ?? false)))
          if let title = method["name"]?.stringValue, !title.isEmpty { rows.append((name + "_name", title)) }
        }
      }
      return rows
    }
    // A token without an end is shown as such.
    let duration = auth.leaseDuration == 0 ? "∞" : PlainText.duration(seconds: auth.leaseDuration)
    var rows = [
      ("token", auth.clientToken), ("token_accessor", auth.accessor), ("token_duration", duration),
      ("token_renewable", String(auth.renewable)), ("token_policies", PlainText.quoted(auth.tokenPolicies)),
      ("identity_policies", PlainText.quoted(auth.identityPolicies)), ("policies", PlainText.quoted(auth.policies)),
    ]
    for member in auth.metadata?.sorted.members ?? [] {
      rows.append(("token_meta_\(member.name)", member.value.plainText))
    }
    return rows
  }

  /// Names of the envelope first, where the answer has that part, then the data's.
  static func value(of field: String, in secret: Secret) -> JSONValue? {
    let data = secret.data?[field]
    if let auth = secret.auth {
      switch field {
      case "token": return .string(auth.clientToken)
      case "token_accessor": return .string(auth.accessor)
      case "token_duration": return .int(auth.leaseDuration)
      case "token_renewable": return .bool(auth.renewable)
      case "token_policies": return .strings(auth.tokenPolicies)
      case "identity_policies": return .strings(auth.identityPolicies)
      case "policies": return .strings(auth.policies)
      default: return data
      }
    }
    if let wrap = secret.wrapInfo {
      switch field {
      case "wrapping_token": return .string(wrap.token)
      case "wrapping_accessor": return .string(wrap.accessor)
      case "wrapping_token_ttl": return .int(wrap.ttl)
      case "wrapping_token_creation_time": return .string(wrap.creationTime)
      case "wrapping_token_creation_path": return .string(wrap.creationPath)
      case "wrapped_accessor": return .string(wrap.wrappedAccessor)
      default: return data
      }
    }
    switch field {
    case "lease_duration", "refresh_interval": return .int(secret.leaseDuration)
    case "lease_id": return .string(secret.leaseID)
    case "request_id": return .string(secret.requestID)
    case "renewable": return .bool(secret.renewable)
    case "data": return data ?? secret.data.map { .object($0) }
    default: return data
    }
  }
}
