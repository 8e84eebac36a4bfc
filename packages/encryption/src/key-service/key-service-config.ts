import { z } from 'zod';
import { isFitForKeys } from './fit-for-keys.ts';
import type { VaultAuth } from './vault-transit/vault-sign-in.ts';

/** Which key service a process uses, with all that it needs to reach it. Times in milliseconds. */
export type KeyServiceConfig =
  | {
      readonly kind: 'key-file';
      readonly path: string;
      readonly passphraseFile: string | undefined;
    }
  | {
      readonly kind: 'vault-transit';
      readonly address: string;
      readonly namespace: string | undefined;
      readonly mount: string;
      readonly key: string;
      readonly auth: VaultAuth;
      readonly caFile: string | undefined;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: 'aws-kms';
      readonly keyId: string;
      readonly region: string;
      readonly endpoint: string | undefined;
      readonly timeoutMs: number;
    };

const text = z.string().min(1).optional();
/** Parts of a path of Vault: nothing that climbs out of it or starts a query. */
const vaultPath = z
  .string()
  .regex(/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/, 'must be names with slashes between them');
const address = z
  .string()
  .refine(isSafeAddress, 'must be https://host[:port], or http on this machine')
  .optional();

/** The variables that KeyServiceConfig is read from. */
export const keyServiceVariables = {
  /** Where the key-encryption key is: it decides which of the others are needed. */
  KEY_SERVICE: z.enum(['key-file', 'vault-transit', 'aws-kms']).optional(),
  /** The key file; whoever has it and the database can read everything. */
  KEK_FILE: text,
  /** A file with the passphrase of the key file, so that a copy of the disk is not enough. */
  KEK_PASSPHRASE_FILE: text,
  /** The server of Vault or OpenBao. */
  VAULT_ADDR: address,
  /** The namespace of this deployment (Vault Enterprise, OpenBao). */
  VAULT_NAMESPACE: vaultPath.optional(),
  /** Where the transit engine is mounted. */
  VAULT_TRANSIT_MOUNT: vaultPath.default('transit'),
  /** The transit key, of type aes256-gcm96 and derived. */
  VAULT_TRANSIT_KEY: z
    .string()
    .regex(/^[\w-][\w.-]*$/, 'must be a name')
    .default('caregraph'),
  /** How we sign in: a token that an agent renews, or a role. */
  VAULT_AUTH: z.enum(['token', 'approle', 'kubernetes']).optional(),
  /** Where that method is mounted, when not at its own name. */
  VAULT_AUTH_MOUNT: vaultPath.optional(),
  /** The token that an agent keeps fresh; read again when it is denied. */
  VAULT_TOKEN_FILE: text,
  /** The AppRole; it is no secret. */
  VAULT_ROLE_ID: text,
  /** The secret id of the AppRole, read at each sign-in, so that it can be replaced. */
  VAULT_SECRET_ID_FILE: text,
  /** The role in Vault that our service account may take. */
  VAULT_KUBERNETES_ROLE: text,
  /** The token of our service account, which Kubernetes replaces every hour. */
  VAULT_KUBERNETES_TOKEN_FILE: z
    .string()
    .min(1)
    .default('/var/run/secrets/kubernetes.io/serviceaccount/token'),
  /** Authorities, PEM, of Vault's certificate, in place of those that Node knows. */
  VAULT_CA_FILE: text,
  /** The key in AWS KMS: id, ARN or alias. */
  AWS_KMS_KEY_ID: text,
  /** The region of that key; the SDK finds the credentials by itself. */
  AWS_REGION: text,
  /** A VPC endpoint of KMS. */
  AWS_KMS_ENDPOINT: address,
  /** One call of the service; a person waits for it while a record is opened. */
  KEY_SERVICE_TIMEOUT_MS: z.coerce.number().int().min(100).max(60_000).default(3_000),
};

const readVariables = z.object(keyServiceVariables);

type Variables = z.infer<typeof readVariables>;

/**
 * Makes the configuration out of the variables, once they are parsed.
 *
 * @throws Error that names a variable which the chosen service needs; never what is in one
 * @example const keyService = keyServiceConfigOf(environment.parse(process.env));
 */
export function keyServiceConfigOf(from: Variables): KeyServiceConfig {
  const timeoutMs = from.KEY_SERVICE_TIMEOUT_MS;
  switch (needed(from, 'KEY_SERVICE', 'it says where the key-encryption key is')) {
    case 'key-file':
      return Object.freeze({
        kind: 'key-file',
        path: needed(from, 'KEK_FILE', 'KEY_SERVICE is key-file'),
        passphraseFile: from.KEK_PASSPHRASE_FILE,
      });
    case 'vault-transit':
      return Object.freeze({
        kind: 'vault-transit',
        address: needed(from, 'VAULT_ADDR', 'KEY_SERVICE is vault-transit'),
        namespace: from.VAULT_NAMESPACE,
        mount: from.VAULT_TRANSIT_MOUNT,
        key: from.VAULT_TRANSIT_KEY,
        auth: Object.freeze(vaultAuthOf(from)),
        caFile: from.VAULT_CA_FILE,
        timeoutMs,
      });
    case 'aws-kms':
      return Object.freeze({
        kind: 'aws-kms',
        keyId: needed(from, 'AWS_KMS_KEY_ID', 'KEY_SERVICE is aws-kms'),
        region: needed(from, 'AWS_REGION', 'KEY_SERVICE is aws-kms'),
        endpoint: from.AWS_KMS_ENDPOINT,
        timeoutMs,
      });
  }
}

function vaultAuthOf(from: Variables): VaultAuth {
  const mount = from.VAULT_AUTH_MOUNT;
  const why = `VAULT_AUTH is ${from.VAULT_AUTH}`;
  switch (needed(from, 'VAULT_AUTH', 'KEY_SERVICE is vault-transit')) {
    case 'token':
      return { method: 'token', tokenFile: needed(from, 'VAULT_TOKEN_FILE', why) };
    case 'approle':
      return {
        method: 'approle',
        roleId: needed(from, 'VAULT_ROLE_ID', why),
        secretIdFile: needed(from, 'VAULT_SECRET_ID_FILE', why),
        mount,
      };
    case 'kubernetes':
      return {
        method: 'kubernetes',
        role: needed(from, 'VAULT_KUBERNETES_ROLE', why),
        tokenFile: from.VAULT_KUBERNETES_TOKEN_FILE,
        mount,
      };
  }
}

function needed<Name extends keyof Variables>(from: Variables, name: Name, why: string) {
  const value = from[name];
  if (value === undefined) throw new Error(`${name} is missing: ${why}.`);
  return value;
}

/** Nothing but where it is. Threat: a path or a password in an address that is logged. */
function isSafeAddress(entry: string): boolean {
  if (!URL.canParse(entry)) return false;
  const url = new URL(entry);
  return entry.replace(/\/$/, '') === url.origin && isFitForKeys(url);
}
