# Whoever saves Raft snapshots, and nothing else: `vault operator raft snapshot save`.
# A snapshot is the whole cluster, encrypted by its seal, the KEK in it. It is never kept with the
# stores, the key database, or the unseal or recovery shares.
# Restoring is `update` on this path (and on …/snapshot-force), and is not granted.

path "sys/storage/raft/snapshot" {
  capabilities = ["read"]
}
