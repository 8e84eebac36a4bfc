# What `caregraph keys rotate kek` may do: make a version, move wrapped keys to it, retire the
# versions before. It sees no key: it may neither encrypt nor decrypt. It can destroy, though: what
# a trimmed version wraps is lost, but for a Raft snapshot from before.
# set-up.sh puts VAULT_TRANSIT_MOUNT and VAULT_TRANSIT_KEY where `transit` and `caregraph` stand.

path "transit/keys/caregraph" {
  capabilities = ["read"]
}

# Never shows plaintext. The context goes along, because the key is derived.
path "transit/rewrap/caregraph" {
  capabilities = ["update"]
}

path "transit/keys/caregraph/rotate" {
  capabilities = ["update"]
}

# Retiring versions: both minima, then the trim. Without the lists, `config` would also allow
# `exportable` and `allow_plaintext_backup`, which cannot be undone, and `deletion_allowed`.
path "transit/keys/caregraph/config" {
  capabilities        = ["update"]
  required_parameters = ["min_decryption_version", "min_encryption_version"]
  allowed_parameters = {
    "min_decryption_version" = []
    "min_encryption_version" = []
  }
}

path "transit/keys/caregraph/trim" {
  capabilities        = ["update"]
  required_parameters = ["min_available_version"]
  allowed_parameters = {
    "min_available_version" = []
  }
}

# The roles leave out Vault's `default` policy, so what a token does to itself is allowed here.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}
