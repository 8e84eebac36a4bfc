# What a running subgraph may do with the key-encryption key (KEK): wrap and unwrap, and see which
# version is the newest. It cannot rewrap, rotate, retire, export, back up or delete the key.
# set-up.sh puts VAULT_TRANSIT_MOUNT and VAULT_TRANSIT_KEY where `transit` and `caregraph` stand.

# `update` without `create`: on a key that does not exist, encrypt with `create` would make one.
path "transit/encrypt/caregraph" {
  capabilities = ["update"]
}

path "transit/decrypt/caregraph" {
  capabilities = ["update"]
}

# Metadata only: versions and their ages. Key material is under transit/export, which nobody gets.
path "transit/keys/caregraph" {
  capabilities = ["read"]
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
