import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';
import pg from 'pg';
import type { DatabaseTarget } from '../target.ts';
import { createScratchDatabase } from './scratch-database.ts';

type EngineConstructor = typeof SchemaEngine;

/** What the JavaScript half of the engine exports besides its types. */
interface EngineBinding {
  readonly SchemaEngine: EngineConstructor;
  readonly __wbg_set_wasm: (exports: WasmExports) => void;
}

type WasmExports = Readonly<Record<string, unknown>>;

/** The compiler knows this global only together with the DOM, which does not exist here. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: Readonly<Record<string, object>>,
  ): Promise<{ readonly instance: { readonly exports: WasmExports } }>;
};

/**
 * Runs `work` with Prisma's schema engine (WebAssembly, from npm) connected to `target`, and closes
 * every connection afterwards. `shadow` is a server on which a scratch database may be made; the
 * target's own when absent.
 */
export async function withSchemaEngine<T>(
  target: DatabaseTarget,
  work: (engine: SchemaEngine) => Promise<T>,
  shadow: DatabaseTarget = target,
): Promise<T> {
  const Engine = await loadEngine();
  const factory = adapterFactory(target, shadow);
  // The engine writes its progress here; it tells nothing that its results and errors do not.
  const engine = await Engine.new(
    { datamodels: undefined },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(factory),
  );
  try {
    return await work(engine);
  } finally {
    engine.free();
    await factory.closeAll();
  }
}

let loading: Promise<EngineConstructor> | undefined;

/** Compiled code without state, so one copy serves all engines of the process. */
function loadEngine(): Promise<EngineConstructor> {
  return (loading ??= instantiateEngine());
}

async function instantiateEngine(): Promise<EngineConstructor> {
  const bindingUrl = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  // The package imports its .wasm as a module, which only newer Node 24 does without a flag; the
  // shape is that of the pinned version, whose types leave out the generated setter.
  const binding = (await import(bindingUrl)) as EngineBinding;
  const wasm = await readFile(fileURLToPath(new URL('schema_engine_bg.wasm', bindingUrl)));
  const { instance } = await WebAssembly.instantiate(wasm, {
    // The imports of the generated code are its own exports.
    './schema_engine_bg.js': binding,
  });
  binding.__wbg_set_wasm(instance.exports);
  const start = instance.exports['__wbindgen_start'];
  if (typeof start === 'function') start();
  return binding.SchemaEngine;
}

interface ClosableFactory extends SqlMigrationAwareDriverAdapterFactory {
  closeAll(): Promise<void>;
}

/**
 * The adapter of Prisma's pg driver, corrected in four places: a scratch database never gets the
 * target's connection string (it would be migrated itself), scratch connections are closed before
 * their database is dropped, scripts are sent whole (splitting at `;` breaks `$$` bodies and
 * atomicity), and the catalogue type "char" is shown as text.
 */
function adapterFactory(target: DatabaseTarget, shadow: DatabaseTarget): ClosableFactory {
  const closers: (() => Promise<void>)[] = [];
  return {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: async () => {
      const { adapter, close } = await connectAdapter(target);
      closers.push(close);
      return adapter;
    },
    connectToShadowDb: async () => {
      const scratch = await createScratchDatabase(shadow);
      const { adapter, close } = await connectAdapter(scratch.target, () => scratch.drop());
      closers.push(close);
      return adapter;
    },
    closeAll: async () => {
      // Scratch databases come last and go first.
      for (const close of closers.reverse()) await close();
    },
  };
}

async function connectAdapter(
  target: DatabaseTarget,
  afterClose: () => Promise<void> = async () => undefined,
): Promise<{ adapter: SqlDriverAdapter; close: () => Promise<void> }> {
  const pool = enginePool(target);
  disguiseCharColumns(pool);
  const stock = await new PrismaPg(pool).connect();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      await pool.end();
      await afterClose();
    })());
  const adapter: SqlDriverAdapter = {
    provider: 'postgres',
    adapterName: stock.adapterName,
    queryRaw: async (query) => restoreCharColumns(await stock.queryRaw(query)),
    executeRaw: (query) => stock.executeRaw(query),
    startTransaction: (isolation) => stock.startTransaction(isolation),
    getConnectionInfo: () => stock.getConnectionInfo(),
    executeScript: (script) => runScript(pool, script),
    dispose: close,
  };
  return { adapter, close };
}

/** Sends a script whole, so that PostgreSQL takes it as one transaction. */
async function runScript(pool: pg.Pool, script: string): Promise<void> {
  try {
    await pool.query(script);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    // The engine shows this and keeps it in _prisma_migrations: the server's DETAIL stays out,
    // because it quotes rows, and rows are patients.
    throw new DriverAdapterError({
      kind: 'postgres',
      // The engine replaces the words of codes that it knows, and loses the name of the constraint.
      code: 'XX000',
      severity: error.severity ?? 'ERROR',
      message: `${error.message} (SQLSTATE ${error.code ?? 'unknown'})`,
      detail: undefined,
      column: undefined,
      hint: error.hint,
    });
  }
}

/** One connection: the engine's advisory lock belongs to a session, and must cover all it does. */
function enginePool(target: DatabaseTarget): pg.Pool {
  const pool = new pg.Pool({
    host: target.host,
    port: target.port,
    user: target.user,
    password: target.password,
    database: target.database,
    ...(target.ssl ? { ssl: target.ssl } : {}),
    max: 1,
    application_name: 'caregraph-migrate',
    options: '-c TimeZone=UTC',
    connectionTimeoutMillis: 15_000,
  });
  // A connection that breaks while idle shows in the next statement.
  pool.on('error', () => undefined);
  return pool;
}

const charOid = 18;
const textOid = 25;
/** Which columns of a result are of type "char", by the rows of the result. */
const charColumns = new WeakMap<object, number[]>();

/**
 * Prisma's driver refuses columns of type "char", which the PostgreSQL catalogue is full of, and the
 * engine wants them as characters: they pass the driver as text, and are named again behind it.
 */
function disguiseCharColumns(pool: pg.Pool): void {
  const send = pool.query;
  const disguised = async (...args: unknown[]): Promise<unknown> => {
    const result: unknown = await Reflect.apply(send, pool, args);
    if (isResult(result)) {
      const positions = result.fields.flatMap((f, i) => (f.dataTypeID === charOid ? [i] : []));
      for (const field of result.fields)
        if (field.dataTypeID === charOid) field.dataTypeID = textOid;
      if (positions.length > 0) charColumns.set(result.rows, positions);
    }
    return result;
  };
  Object.defineProperty(pool, 'query', { value: disguised });
}

function restoreCharColumns(result: SqlResultSet): SqlResultSet {
  const positions = charColumns.get(result.rows) ?? [];
  for (const position of positions) result.columnTypes[position] = ColumnTypeEnum.Character;
  return result;
}

function isResult(value: unknown): value is pg.QueryArrayResult {
  return typeof value === 'object' && value !== null && 'fields' in value && 'rows' in value;
}
