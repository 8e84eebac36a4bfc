#!/bin/sh
# Prepares a Vault for CareGraph: transit engine, key-encryption key, policies, roles, audit devices.
# May be run again at any time: it makes what is missing and puts settings back to what is below. It
# never replaces, rotates or deletes a key.
#
# Needs the `vault` program, VAULT_ADDR, and VAULT_TOKEN of an administrator of policies, mounts, auth
# methods and audit devices (`sudo` on sys/audit). With a root token: revoke it afterwards.
#
#   SUBGRAPH_CIDRS=10.20.0.0/24 OPERATOR_CIDRS=10.20.9.7/32 \
#   KUBERNETES_HOST=https://kubernetes.default.svc ./set-up.sh
#
# Run against Vault 1.21.4; what was not is in docs/operations/key-management.md.
set -eu
umask 077

: "${VAULT_ADDR:?address of the Vault}"
mount=${VAULT_TRANSIT_MOUNT:-transit}
key=${VAULT_TRANSIT_KEY:-caregraph}

# Which ways in to prepare: approle, kubernetes, or both.
auth_methods=${AUTH_METHODS:-approle kubernetes}

# From where one may log in and use the tokens. No default: an open one would be a door.
subgraph_cidrs=${SUBGRAPH_CIDRS:-}
operator_cidrs=${OPERATOR_CIDRS:-}

# AppRole. A process logs in at its start and whenever its token reaches token_max_ttl, a day; 120
# uses in 30 days are those 30 and room for restarts. Running out is noticed; a thief's uses count too.
subgraph_secret_id_ttl=${SUBGRAPH_SECRET_ID_TTL:-720h}
subgraph_secret_id_uses=${SUBGRAPH_SECRET_ID_USES:-120}
operator_secret_id_ttl=${OPERATOR_SECRET_ID_TTL:-24h}
operator_secret_id_uses=${OPERATOR_SECRET_ID_USES:-10}

# Kubernetes: the service accounts, their namespace, and the audience of their projected tokens.
namespace=${KUBERNETES_NAMESPACE:-caregraph}
subgraph_accounts=${SUBGRAPH_ACCOUNTS:-caregraph-patient,caregraph-clinical,caregraph-prescription,caregraph-institution,caregraph-audit}
operator_account=${OPERATOR_ACCOUNT:-caregraph-keys}
jobs_account=${JOBS_ACCOUNT:-caregraph-jobs}
audience=${KUBERNETES_AUDIENCE:-vault}
kubernetes_host=${KUBERNETES_HOST:-}
# Outside the cluster Vault needs the API server's CA and a reviewer's token; inside it has its own.
kubernetes_ca_file=${KUBERNETES_CA_FILE:-}
kubernetes_reviewer_jwt_file=${KUBERNETES_REVIEWER_JWT_FILE:-}

audit_file=${AUDIT_FILE:-/var/log/vault/audit.log}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

say() { printf '%s\n' "$*" >&2; }
stop() {
  say "stopped: $*"
  exit 1
}

wants() {
  case " $auth_methods " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

policies_of() {
  case $1 in
    subgraph) echo caregraph-subgraph ;;
    operator) echo caregraph-operator ;;
    jobs) echo caregraph-subgraph,caregraph-operator ;;
  esac
}

# $1: the auth method; $2: the role; the rest is what it asks of whoever logs in. Tokens are of the
# service type: they can be renewed, and revoked one by one. A stolen one is good for 20 minutes
# unless it is renewed.
write_role() {
  path=auth/$1/role/caregraph-$2
  policies=$(policies_of "$2")
  case $2 in subgraph) longest=24h ;; *) longest=4h ;; esac
  shift 2
  vault write "$path" "$@" \
    token_policies="$policies" \
    token_no_default_policy=true \
    token_type=service \
    token_ttl=20m \
    token_max_ttl="$longest" >/dev/null
}

# $1: what lists, e.g. `secrets list`; $2: the path. Unquoted on purpose: it is two words.
# shellcheck disable=SC2086
is_listed() { vault $1 -format=json 2>/dev/null | grep -q "\"$2/\":"; }

# --- What must be given -------------------------------------------------------------------------

for method in $auth_methods; do
  case $method in approle | kubernetes) ;; *) stop "AUTH_METHODS knows no $method" ;; esac
done
if wants approle; then
  [ -n "$subgraph_cidrs" ] || stop 'SUBGRAPH_CIDRS is missing: the addresses of the subgraphs'
  [ -n "$operator_cidrs" ] || stop 'OPERATOR_CIDRS is missing: the addresses that run key jobs'
fi
if wants kubernetes; then
  [ -n "$kubernetes_host" ] || stop 'KUBERNETES_HOST is missing: the API server, as Vault reaches it'
fi
case "$mount$key" in *[!A-Za-z0-9_-]*) stop 'mount and key are letters, digits, - and _' ;; esac

vault status >/dev/null || stop "no unsealed Vault at $VAULT_ADDR"
vault token lookup >/dev/null || stop 'VAULT_TOKEN is not valid here'

# --- Audit ---------------------------------------------------------------------------------------
# First, so that the rest is on record. Two devices: Vault answers while it can write to one of them,
# and stops answering when it can write to none. Strings are HMACed; never set log_raw, which would
# put unwrapped keys into the log.

if is_listed 'audit list' caregraph-file; then
  say 'audit device caregraph-file: there'
else
  vault audit enable -path=caregraph-file file file_path="$audit_file" mode=0600
fi
if is_listed 'audit list' caregraph-stdout; then
  say 'audit device caregraph-stdout: there'
else
  vault audit enable -path=caregraph-stdout file file_path=stdout
fi

# --- Engine and key --------------------------------------------------------------------------------

if is_listed 'secrets list' "$mount"; then
  say "transit engine at $mount/: there"
else
  vault secrets enable -path="$mount" -description='CareGraph key-encryption key' transit
fi

# No key comes into being by a mistyped name. Vaults before this setting have only the policies,
# which lack `create`.
vault write "$mount/config/keys" disable_upsert=true >/dev/null ||
  say 'this Vault has no transit/config/keys; the policies alone keep keys from being made'

# On a key that is there this changes nothing and warns. Derived: each wrapped key is bound to its
# context, also when it is rewrapped. Convergent would make equal keys look equal.
vault write "$mount/keys/$key" \
  type=aes256-gcm96 \
  derived=true \
  convergent_encryption=false \
  exportable=false \
  allow_plaintext_backup=false \
  auto_rotate_period=2160h >/dev/null

# Settings that somebody may have changed since. 2160 h are 90 days from the newest version, whoever
# made it. What cannot be put back (type, derived, convergent, exportable, backup) is checked.
vault write "$mount/keys/$key/config" deletion_allowed=false auto_rotate_period=2160h >/dev/null

check() {
  found=$(vault read -field="$1" "$mount/keys/$key")
  [ "$found" = "$2" ] || stop "$mount/keys/$key has $1 = $found, not $2: do not use this key"
}
check exportable false
check allow_plaintext_backup false
check deletion_allowed false
check type aes256-gcm96
check derived true
check convergent_encryption false
say "key $mount/keys/$key: right"

# --- Policies ----------------------------------------------------------------------------------------

for policy in caregraph-subgraph caregraph-operator caregraph-backup; do
  sed "s|\"transit/\([a-z]*\)/caregraph|\"$mount/\1/$key|" "$here/$policy.hcl" |
    vault policy write "$policy" -
done

# --- AppRole -------------------------------------------------------------------------------------------
# A stolen token is good only from the addresses below. Three roles: a subgraph, the rotation of the
# KEK (which opens nothing), and jobs that open and wrap keys as well.

if wants approle; then
  if is_listed 'auth list' approle; then
    say 'auth method approle: there'
  else
    vault auth enable approle
  fi
  write_role approle subgraph \
    bind_secret_id=true \
    secret_id_bound_cidrs="$subgraph_cidrs" \
    secret_id_ttl="$subgraph_secret_id_ttl" \
    secret_id_num_uses="$subgraph_secret_id_uses" \
    token_bound_cidrs="$subgraph_cidrs"
  for role in operator jobs; do
    write_role approle "$role" \
      bind_secret_id=true \
      secret_id_bound_cidrs="$operator_cidrs" \
      secret_id_ttl="$operator_secret_id_ttl" \
      secret_id_num_uses="$operator_secret_id_uses" \
      token_bound_cidrs="$operator_cidrs"
  done
  for role in subgraph operator jobs; do
    say "role id of caregraph-$role: $(vault read -field=role_id "auth/approle/role/caregraph-$role/role-id")"
  done
fi

# --- Kubernetes ------------------------------------------------------------------------------------------
# The audience keeps a token that was meant for another service from logging in here. Pods need a
# projected token of this audience; the ordinary one is for the API server.

if wants kubernetes; then
  if is_listed 'auth list' kubernetes; then
    say 'auth method kubernetes: there'
  else
    vault auth enable kubernetes
  fi
  # A write replaces the whole configuration, so all of it is given each time.
  set -- kubernetes_host="$kubernetes_host"
  [ -z "$kubernetes_ca_file" ] || set -- "$@" kubernetes_ca_cert=@"$kubernetes_ca_file"
  [ -z "$kubernetes_reviewer_jwt_file" ] ||
    set -- "$@" token_reviewer_jwt=@"$kubernetes_reviewer_jwt_file"
  vault write auth/kubernetes/config "$@" >/dev/null

  for role in subgraph operator jobs; do
    case $role in
      subgraph) accounts=$subgraph_accounts ;;
      operator) accounts=$operator_account ;;
      *) accounts=$jobs_account ;;
    esac
    write_role kubernetes "$role" \
      bound_service_account_names="$accounts" \
      bound_service_account_namespaces="$namespace" \
      audience="$audience" \
      alias_name_source=serviceaccount_uid
  done
  say 'kubernetes roles: caregraph-subgraph, caregraph-operator, caregraph-jobs'
fi

say 'done. With a root token: vault token revoke -self'
