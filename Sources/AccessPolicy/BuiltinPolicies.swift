/// The texts of the policies that every server has.
package enum BuiltinPolicies {
  /// What every token may do unless it was made without it.
  package static let `default` = """

    # A token may look at itself, renew itself and give itself up.
    path "auth/token/lookup-self" {
        capabilities = ["read"]
    }
    path "auth/token/renew-self" {
        capabilities = ["update"]
    }
    path "auth/token/revoke-self" {
        capabilities = ["update"]
    }

    # It may ask what it is allowed to do.
    path "sys/capabilities-self" {
        capabilities = ["update"]
    }
    path "sys/internal/ui/resultant-acl" {
        capabilities = ["read"]
    }

    # Whoever it stands for may be looked up by it, by id and by name.
    path "identity/entity/id/{{identity.entity.id}}" {
        capabilities = ["read"]
    }
    path "identity/entity/name/{{identity.entity.name}}" {
        capabilities = ["read"]
    }

    # Leases whose id it knows can be looked up and renewed; the first of these is the older path of the second.
    path "sys/renew" {
        capabilities = ["update"]
    }
    path "sys/leases/renew" {
        capabilities = ["update"]
    }
    path "sys/leases/lookup" {
        capabilities = ["update"]
    }

    # A place of its own.
    path "cubbyhole/*" {
        capabilities = ["create", "read", "update", "delete", "list"]
    }

    # Wrapping anything, and taking out what was wrapped for it.
    path "sys/wrapping/wrap" {
        capabilities = ["update"]
    }
    path "sys/wrapping/lookup" {
        capabilities = ["update"]
    }
    path "sys/wrapping/unwrap" {
        capabilities = ["update"]
    }

    # Hashes, which are a convenience and concern no secret.
    path "sys/tools/hash" {
        capabilities = ["update"]
    }
    path "sys/tools/hash/*" {
        capabilities = ["update"]
    }

    # Logging in elsewhere with this server as the OpenID provider.
    path "identity/oidc/provider/+/authorize" {
        capabilities = ["read", "update"]
    }

    """

  /// What a wrapping token may do.
  package static let responseWrapping = """

    path "cubbyhole/response" {
        capabilities = ["create", "read"]
    }

    path "sys/wrapping/unwrap" {
        capabilities = ["update"]
    }

    """

  /// What the token of a control group may do.
  package static let controlGroup = """

    path "cubbyhole/control-group" {
        capabilities = ["update", "create", "read"]
    }

    path "sys/wrapping/unwrap" {
        capabilities = ["update"]
    }

    """
}
