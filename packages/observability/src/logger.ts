import { pino, type DestinationStream } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * All that a log line may carry. The list is closed: a field that could hold a patient's data
 * has no place here, so it cannot be logged by mistake.
 */
export interface LogFields {
  readonly requestId?: string;
  readonly subgraph?: string;
  readonly store?: string;
  readonly operation?: string;
  readonly event?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly status?: number;
  readonly durationMs?: number;
  readonly count?: number;
  readonly attempts?: number;
  readonly port?: number;
  readonly host?: string;
  readonly path?: string;
  readonly signal?: string;
  readonly error?: unknown;
}

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
}

const allowedFields = new Set<keyof LogFields>([
  'requestId',
  'subgraph',
  'store',
  'operation',
  'event',
  'code',
  'reason',
  'status',
  'durationMs',
  'count',
  'attempts',
  'port',
  'host',
  'path',
  'signal',
]);

/**
 * Creates a logger that writes one JSON object a line and drops every field not in LogFields.
 *
 * @param options.service who writes, e.g. `router`
 * @param options.level the lowest level written
 * @param options.destination where lines go; standard output when left out
 * @example createLogger({ service: 'router', level: 'info' }).info('listening', { port: 4000 });
 */
export function createLogger(options: {
  service: string;
  level: LogLevel;
  destination?: DestinationStream;
}): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const root = options.destination ? pino(settings, options.destination) : pino(settings);
  return wrap(root);
}

function wrap(target: pino.Logger): Logger {
  return {
    debug: (message, fields) => target.debug(cleaned(fields), message),
    info: (message, fields) => target.info(cleaned(fields), message),
    warn: (message, fields) => target.warn(cleaned(fields), message),
    error: (message, fields) => target.error(cleaned(fields), message),
    child: (fields) => wrap(target.child(cleaned(fields))),
  };
}

function cleaned(fields: LogFields = {}): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (allowedFields.has(name as keyof LogFields)) kept[name] = value;
  }
  if (fields.error !== undefined) kept['error'] = describeError(fields.error);
  return kept;
}

/** Threat: messages of database errors quote row values, so only name, code and frames are kept. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const frames = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12)
    .map((line) => line.trim());
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    frames,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
