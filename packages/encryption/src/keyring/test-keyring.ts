import { randomUUID } from 'node:crypto';
import { fixedClock } from '@caregraph/clock';
import { createPool, type DatabasePool } from '@caregraph/database';
import { createTestKeys, freePort } from '@caregraph/testbed';
import { openAll } from '../field-codec.ts';
import {
  KeyServiceError,
  openStoreKeys,
  type KeyringLimits,
  type KeyService,
  type StoreKeys,
} from '../index.ts';

export const minute = 60_000;

/** Keys over a real database, with a clock that stands, and plugs that can be pulled. */
export async function startKeys() {
  const clock = fixedClock(new Date('2026-03-10T08:00:00Z'));
  // How long the key service takes for a call, by this clock.
  const plugs = { service: true, database: true, callMs: 0 };
  const calls: string[] = [];
  const counted = (name: string, count: number) => {
    calls.push(`${name} ${count}`);
    clock.advance(plugs.callMs);
    if (!plugs.service) throw new KeyServiceError('KEY_SERVICE_UNAVAILABLE', 'unplugged');
  };
  const wrap = (service: KeyService): KeyService => ({
    ...service,
    async wrapMany(requests) {
      counted('wrap', requests.length);
      return service.wrapMany(requests);
    },
    async unwrapMany(requests) {
      counted('unwrap', requests.length);
      return service.unwrapMany(requests);
    },
    async currentVersion() {
      counted('version', 1);
      return service.currentVersion();
    },
  });
  const testKeys = await createTestKeys({ clock, wrap });
  const target = { ...testKeys.keyDatabase, host: '127.0.0.1', port: await freePort() };
  const nowhere = createPool(target, {
    ...{ maxConnections: 2, statementTimeoutMs: 1_000, applicationName: 'nowhere' },
  });
  const { keyPool, watch } = testKeys;
  // A pool whose server can be away: what it then says is what pg says of a closed port.
  const pool = new Proxy<DatabasePool>(keyPool, {
    get(_pool, name) {
      const from = plugs.database ? keyPool : nowhere;
      const member: unknown = Reflect.get(from, name);
      return typeof member === 'function' ? (member.bind(from) as unknown) : member;
    },
  });
  const ids = { next: () => randomUUID() };
  return {
    ...{ clock, plugs, calls, testKeys, keyPool, watch },
    /** The keys of a subgraph as one process has them. */
    open: (limits: Partial<KeyringLimits> = {}, store = 'patient'): StoreKeys =>
      openStoreKeys({ store, keyPool: pool, watch, clock, ids, limits }),
    async stop() {
      await nowhere.end();
      await testKeys.stop();
    },
  };
}

/** A value of a person, and where it stands. */
export function valueOf(ownerId: string, store = 'patient') {
  return { store, model: 'Patient', field: 'name', rowId: ownerId, ownerId };
}

export const secret = 'Zzsecretzz';

/** Seals one text for somebody. */
export async function sealFor(keys: StoreKeys, ownerId: string, text = secret) {
  const plain = Buffer.from(text);
  const [sealed] = await keys.codec.sealMany([{ ...valueOf(ownerId, keys.store), plain }]);
  if (sealed === undefined) throw new Error('nothing was sealed');
  return sealed;
}

/** Opens it again. */
export async function openFor(keys: StoreKeys, ownerId: string, sealed: Uint8Array) {
  const [plain] = await openAll(keys.codec, [{ ...valueOf(ownerId, keys.store), sealed }]);
  return Buffer.from(plain ?? []).toString();
}

/** The code of the fault; fails the test when the fault tells a value. */
export async function faultOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    const told = `${String(error)} ${JSON.stringify(error)} ${error instanceof Error ? error.stack : ''}`;
    const forms = [
      secret,
      Buffer.from(secret).toString('hex'),
      Buffer.from(secret).toString('base64'),
    ];
    if (forms.some((form) => told.includes(form))) throw new Error('an error tells a value');
    return error instanceof Error && 'code' in error ? String(error.code) : told;
  }
}
