import { join } from 'node:path';
import { z } from 'zod';
import { keyServiceVariables } from '@caregraph/encryption';
import { networkVariables } from '@caregraph/network';
import { repositoryRoot } from './repository.ts';

/** The environment of the embedded profile. */
const schema = z.object({
  /** Where the deployment keeps its databases and keys. */
  CAREGRAPH_DATA: z
    .string()
    .min(1)
    .default(join(repositoryRoot, '.caregraph', 'data')),
  /** The address the router listens on; only this machine unless it is told otherwise. */
  HOST: z.string().min(1).default('127.0.0.1'),
  /** The port of the router. */
  PORT: z.coerce.number().int().min(0).max(65_535).default(4000),
  /** Where clients reach the router when that is not its own address; no slash at the end. */
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .regex(/[^/]$/)
    .optional(),
  /** ISO 3166-1 region of phone numbers that are written without a country code. */
  PHONE_REGION: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .default('IN'),
  /** Holds the passphrase that seals the key file; without it, the file's mode protects it. */
  KEK_PASSPHRASE_FILE: z.string().min(1).optional(),
  /** The list of erasures; `erasures` beside the databases when left out. Back it up elsewhere. */
  ERASURE_LIST_DIR: z.string().min(1).optional(),
  /** `off` starts without made-up people: a real clinic. */
  DEMO: z.enum(['on', 'off']).default('on'),
  /** How many made-up households the demo district has. */
  DEMO_HOUSEHOLDS: z.coerce.number().int().min(1).max(20_000).default(500),
  /** Serves numbers for Prometheus on this port of 127.0.0.1; not at all when left out. */
  METRICS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  /** The lowest level that is logged. */
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('warn'),
  ...networkVariables,
});

export type EmbeddedConfig = Readonly<z.infer<typeof schema>>;

/**
 * Reads and checks the environment of the embedded profile.
 *
 * @throws Error naming every variable that is wrong
 */
export function readEmbeddedConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): EmbeddedConfig {
  return checked(schema, environment);
}

function checked<TShape extends z.ZodRawShape>(
  variables: z.ZodObject<TShape>,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<z.infer<z.ZodObject<TShape>>> {
  const parsed = variables.safeParse(environment);
  if (parsed.success) return Object.freeze(parsed.data);
  const wrong = parsed.error.issues.map((one) => `${one.path.join('.')}: ${one.message}`);
  throw new Error(`The configuration is not right.\n${wrong.join('\n')}`);
}

/**
 * The database of one store, where the environment names it: DATABASE_URL_PATIENT and its siblings.
 *
 * @returns undefined when the store is the embedded one
 */
export function readStoreUrl(
  store: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const url = environment[`DATABASE_URL_${store.toUpperCase()}`];
  return url === '' ? undefined : url;
}

const documentSchema = z.object({
  /** Where manifests are registered; those of this checkout unless a deployment keeps its own. */
  DOCUMENTS_DIR: z.string().min(1).optional(),
  /** The private key (a JWK) that signs manifests; the embedded deployment's own when left out. */
  DOCUMENT_SIGNING_KEY_FILE: z.string().min(1).optional(),
});

/** Reads where `caregraph documents` registers, and with which key. */
export function readDocumentConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<z.infer<typeof documentSchema>> {
  return Object.freeze(documentSchema.parse(environment));
}

const erasureSchema = z.object({
  /** The list of erasures; that of the embedded deployment when left out. */
  ERASURE_LIST_DIR: z.string().min(1).optional(),
  /** The private key (a JWK) that signs the list; the embedded deployment's own when left out. */
  ERASURE_SIGNING_KEY_FILE: z.string().min(1).optional(),
  /** The public keys (a JWK set) that certificates are verified with, where the private is not. */
  ERASURE_KEYS_FILE: z.string().min(1).optional(),
  /** How many days backups of the key database are kept: certificates name the last of them. */
  KEY_BACKUP_DAYS: z.coerce.number().int().min(1).max(3_650).default(35),
});

/** Reads where erasures are listed, and with which keys. @throws Error naming what is wrong */
export function readErasureConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<z.infer<typeof erasureSchema>> {
  return checked(erasureSchema, environment);
}

const importSchema = z.object({
  /** The key that makes the ids of imports; the embedded deployment's own when left out. */
  IMPORT_KEY_FILE: z.string().min(1).optional(),
});

/** Reads where the key of imports is. @throws Error naming what is wrong */
export function readImportConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<z.infer<typeof importSchema>> {
  return checked(importSchema, environment);
}

/** Reads where the key-encryption key of a full deployment is. */
export function readKeyServiceVariables(
  environment: Readonly<Record<string, string | undefined>> = process.env,
) {
  return z.object(keyServiceVariables).parse(environment);
}

/** Whether the environment is that of a deployment whose identity runs by itself. */
export function isFullProfile(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return environment['IDENTITY_SEALING_KEY'] !== undefined;
}
