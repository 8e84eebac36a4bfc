/** Where a PostgreSQL database is and how to sign in to it. */
export interface DatabaseTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Absent: no TLS. `rejectUnauthorized: true` checks the server's certificate. */
  readonly ssl?: { readonly rejectUnauthorized: boolean };
}

/** A fault of this package, with a code that callers and operators can rely on. */
export class DatabaseSetupError extends Error {
  readonly code: DatabaseSetupCode;

  constructor(code: DatabaseSetupCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseSetupError';
    this.code = code;
  }
}

export type DatabaseSetupCode =
  | 'DATABASE_URL_INVALID'
  | 'EMBEDDED_POSTGRES_FAILED'
  | 'EMBEDDED_POSTGRES_IN_USE'
  | 'EMBEDDED_POSTGRES_MISSING'
  | 'MIGRATION_EDITED'
  | 'MIGRATION_FAILED'
  | 'MIGRATION_FILES_INVALID'
  | 'PORT_TAKEN'
  | 'PRISMA_GENERATE_FAILED'
  | 'SCHEMA_INVALID';

/**
 * Reads a `postgresql://user:password@host:port/database?sslmode=…` URL into a target.
 *
 * The URL form is libpq's (PostgreSQL 18, section 32.1.1.2). Only `sslmode` is read of its
 * parameters: absent or `disable` means no TLS, `require` means TLS without checking the
 * certificate, `verify-ca` and `verify-full` check it. Anything else is refused, so that a mistyped
 * mode never sends a password in the clear.
 *
 * @throws DatabaseSetupError `DATABASE_URL_INVALID`; the message never repeats the URL, because it
 *   holds a password.
 * @example parseDatabaseUrl('postgresql://care:secret@127.0.0.1:5432/patient')
 */
export function parseDatabaseUrl(url: string): DatabaseTarget {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['postgres:', 'postgresql:'].includes(parsed.protocol)) {
    throw invalidUrl('it is not of the form postgresql://user:password@host:port/database');
  }
  const database = decode(parsed.pathname.slice(1));
  if (database === '' || database.includes('/')) throw invalidUrl('it names no single database');
  if (parsed.username === '') throw invalidUrl('it names no user');
  if (parsed.hostname === '') throw invalidUrl('it names no host');
  const ssl = tlsOf(parsed.searchParams.get('sslmode'));
  return {
    host: decode(parsed.hostname).replace(/^\[(.*)\]$/, '$1'),
    port: parsed.port === '' ? 5432 : Number(parsed.port),
    user: decode(parsed.username),
    password: decode(parsed.password),
    database,
    ...(ssl ? { ssl } : {}),
  };
}

/**
 * The same server and account with another database.
 *
 * @example onDatabase(server.target, 'caregraph_patient')
 */
export function onDatabase(target: DatabaseTarget, database: string): DatabaseTarget {
  return { ...target, database };
}

function tlsOf(mode: string | null): DatabaseTarget['ssl'] {
  switch (mode) {
    case null:
    case 'disable':
      return undefined;
    case 'require':
      return { rejectUnauthorized: false };
    case 'verify-ca':
    case 'verify-full':
      return { rejectUnauthorized: true };
    default:
      throw invalidUrl('its sslmode is none of disable, require, verify-ca, verify-full');
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new DatabaseSetupError(
      'DATABASE_URL_INVALID',
      'The database URL has a malformed % escape',
      { cause },
    );
  }
}

function invalidUrl(reason: string): DatabaseSetupError {
  return new DatabaseSetupError('DATABASE_URL_INVALID', `The database URL is refused: ${reason}`);
}
