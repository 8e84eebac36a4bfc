export type ConstraintKind = 'check' | 'unique' | 'foreign_key' | 'not_null';

/** Which rule of the database a statement broke. */
export interface ConstraintViolation {
  readonly kind: ConstraintKind;
  /**
   * The constraint's name; for `not_null`, PostgreSQL names a column instead and this is
   * `<table>_<column>_not_null`, its default name since version 18.
   */
  readonly constraint: string;
}

/** SQLSTATE codes of class 23 (PostgreSQL 18, appendix A). */
const constraintKinds: Readonly<Record<string, ConstraintKind>> = {
  '23001': 'foreign_key',
  '23502': 'not_null',
  '23503': 'foreign_key',
  '23505': 'unique',
  '23514': 'check',
  // An exclusion constraint is uniqueness under another operator than equality.
  '23P01': 'unique',
};

/** Faults that pass: the same statement may well succeed a moment later. */
const transientStates = new Set([
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '53300', // too_many_connections
  '55P03', // lock_not_available
  '57014', // query_canceled, by statement_timeout
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
]);

/** Prisma: unreachable, timed out, closed, no free connection, transaction over, write conflict. */
const transientPrismaCodes = new Set([
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2028',
  'P2034',
  'P2037',
]);

const transientSocketCodes = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
]);

const transientAdapterKinds = new Set([
  'ConnectionClosed',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TooManyConnections',
  'TransactionWriteConflict',
]);

/** The pg driver gives these no code. */
const transientMessages =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|timeout expired|Query read timeout)/;

/**
 * Tells whether the database refused a value as such: SQLSTATE class 22, e.g. a character or a date
 * that it cannot hold. Trying again never helps.
 */
export function isDataException(error: unknown): boolean {
  return layersOf(error).some((layer) =>
    (text(layer, 'originalCode') ?? text(layer, 'code') ?? '').startsWith('22'),
  );
}

/**
 * Tells which named constraint an error is about, for errors of pg, of Prisma (P2002, P2003, P2010,
 * P2011, P2039 …) and of its driver adapter. The name is what the operation engine maps to a stable
 * problem code; nothing of the row is returned, because these errors quote it.
 *
 * @returns undefined when the error is not about a constraint
 * @example constraintViolation(error) // { kind: 'check', constraint: 'checkup_systolic_check' }
 */
export function constraintViolation(error: unknown): ConstraintViolation | undefined {
  for (const layer of layersOf(error)) {
    const state = text(layer, 'originalCode') ?? text(layer, 'code') ?? '';
    const kind = Object.hasOwn(constraintKinds, state) ? constraintKinds[state] : undefined;
    if (!kind) continue;
    const message = text(layer, 'originalMessage') ?? text(layer, 'message') ?? '';
    const constraint =
      constraintOf(layer) ?? (kind === 'not_null' ? columnRule(layer, message) : nameIn(message));
    return { kind, constraint: constraint ?? 'unnamed' };
  }
  return undefined;
}

/**
 * True for faults that say nothing about the request: conflicts between transactions, timeouts,
 * lost connections, a server that starts or stops. Such a fault is answered as an error that may be
 * tried again, and is never recorded as the verdict of an operation.
 *
 * @example if (isTransientDatabaseFault(error)) throw new Fault('STORE_UNAVAILABLE', {}, error);
 */
export function isTransientDatabaseFault(error: unknown): boolean {
  return layersOf(error).some((layer) => {
    const codes = [text(layer, 'code'), text(layer, 'originalCode'), text(layer, 'errorCode')];
    if (codes.some((code) => code !== undefined && isTransientCode(code))) return true;
    if (transientAdapterKinds.has(text(layer, 'kind') ?? '')) return true;
    return layer instanceof Error && transientMessages.test(layer.message);
  });
}

function isTransientCode(code: string): boolean {
  return (
    transientStates.has(code) ||
    transientPrismaCodes.has(code) ||
    transientSocketCodes.has(code) ||
    // Class 08: connection exceptions.
    /^08[0-9A-Z]{3}$/.test(code)
  );
}

/** The error itself, what it wraps, and where Prisma keeps the error of the driver. */
function layersOf(error: unknown): object[] {
  const layers: object[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || layers.includes(value)) return;
    layers.push(value);
    if ('cause' in value) visit(value.cause);
    if ('meta' in value) visit(value.meta);
    if ('driverAdapterError' in value) visit(value.driverAdapterError);
    if (value instanceof AggregateError) value.errors.forEach(visit);
  };
  visit(error);
  return layers;
}

function text(layer: object, key: string): string | undefined {
  const value: unknown = Reflect.get(layer, key);
  return typeof value === 'string' ? value : undefined;
}

/** pg has the name itself; the adapter has it as `{ index }`. */
function constraintOf(layer: object): string | undefined {
  const constraint: unknown = Reflect.get(layer, 'constraint');
  if (typeof constraint === 'string') return constraint;
  return typeof constraint === 'object' && constraint !== null
    ? text(constraint, 'index')
    : undefined;
}

/** The adapter drops the name of a check, but keeps the server's message, which quotes it. */
function nameIn(message: string): string | undefined {
  return /constraint "([^"]+)"/.exec(message)?.[1] ?? /"([^"]+)"[^"]*$/.exec(message)?.[1];
}

function columnRule(layer: object, message: string): string | undefined {
  const quoted = [...message.matchAll(/"([^"]+)"/g)].map((match) => match[1]);
  const column = text(layer, 'column') ?? quoted[0];
  const table = text(layer, 'table') ?? quoted[1];
  return column === undefined || table === undefined ? undefined : `${table}_${column}_not_null`;
}
