import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createIdSource, fixedClock } from '@caregraph/clock';
import { createPool, type DatabasePool } from '@caregraph/database';
import { createTestDatabase, type TestDatabase } from '@caregraph/testbed';
import { hash } from '@node-rs/argon2';
import { randomBytes } from 'node:crypto';
import { createIdentityClient, type IdentityClient } from '../store/client.ts';
import { createRevocations, type Revocations } from '../revocation/revocations.ts';
import { createSealedValues } from '../store/sealed-value.ts';
import { createLogger } from '@caregraph/observability';
import { createAccounts, type Accounts } from './accounts.ts';
import { totpStep } from './totp.ts';

const clock = fixedClock(new Date('2026-03-01T08:00:00Z'));
const ids = createIdSource(clock);
const sealed = createSealedValues(randomBytes(32));
const password = 'lantern orbit teapot 9';
let database: TestDatabase;
let pool: DatabasePool;
let store: IdentityClient;
let revocations: Revocations;
let accounts: Accounts;
beforeAll(async () => {
  database = await createTestDatabase('identity');
  pool = createPool(database.target, {
    ...{ maxConnections: 12, statementTimeoutMs: 10_000, applicationName: 'account-test' },
  });
  store = createIdentityClient(pool);
  const staffOf = () => Promise.resolve({ role: 'clinician', dismissed: false } as const);
  const log = createLogger({ service: 'identity', level: 'silent' });
  const tell = () => Promise.resolve();
  revocations = createRevocations({ store, tell, clock, ids, log });
  accounts = createAccounts({ store, sealed, revocations, clock, ids, staffOf });
});
afterAll(async () => {
  await store.$disconnect();
  await pool.end();
  await database.drop();
});

const attempt = (username: string, secret = password, source = '192.0.2.1') =>
  accounts.verifyPassword({ username, password: secret, source, browserCookie: undefined });

async function addPerson(username: string): Promise<string> {
  const staffId = ids.next();
  await accounts.createAccount({ staffId, username });
  const { token } = await accounts.enrolmentLink(staffId, 'ENROL');
  await accounts.enrolment.useLink(token, password);
  return staffId;
}

describe('budgets', () => {
  test('hold exactly when all tries come at once', async () => {
    const claim = { kind: 'sourceAndAccount', subject: 'together' } as const;
    const grants = await Promise.all(
      Array.from({ length: 40 }, () => accounts.budgets.take([claim])),
    );
    expect(grants.filter(({ kind }) => kind === 'granted')).toHaveLength(5);
  });

  test('take from all or from none', async () => {
    const full = { kind: 'source', subject: 'shared' } as const;
    const own = { kind: 'sourceAndAccount', subject: 'alone' } as const;
    for (let tries = 0; tries < 100; tries += 1) await accounts.budgets.take([full, own]);
    const rest = { kind: 'source', subject: 'shared' } as const;
    let granted = 0;
    while ((await accounts.budgets.take([rest])).kind === 'granted') granted += 1;
    expect(granted).toBe(55);
  });

  test('fill again with time, and tell how long that takes', async () => {
    const claim = { kind: 'knownBrowser', subject: 'time' } as const;
    for (let tries = 0; tries < 10; tries += 1) await accounts.budgets.take([claim]);
    expect(await accounts.budgets.take([claim])).toEqual({ kind: 'wait', retryAfterS: 60 });
    clock.advance(59_000);
    expect(await accounts.budgets.take([claim])).toEqual({ kind: 'wait', retryAfterS: 1 });
    clock.advance(1_000);
    expect((await accounts.budgets.take([claim])).kind).toBe('granted');
    clock.advance(3_600_000);
    await accounts.purge();
    expect(await store.signInAttempt.count()).toBe(0);
  });

  test('of an account slow a distributed guesser, and a known browser is not slowed', async () => {
    await addPerson('wanted');
    let tries = 0;
    while ((await attempt('wanted', 'guess', `192.0.2.${tries}`)).kind === 'refused') tries += 1;
    expect(tries).toBe(30);
    const browserCookie = accounts.browsers.remember(undefined, 'wanted');
    const known = { username: 'wanted', password, source: '192.0.2.9', browserCookie };
    expect((await accounts.verifyPassword(known)).kind).toBe('accepted');
    const other = accounts.browsers.remember(undefined, 'someone');
    expect((await accounts.verifyPassword({ ...known, browserCookie: other })).kind).toBe('wait');
  });

  test('store neither names nor addresses', async () => {
    await attempt('secret.name', 'guess', '198.51.100.77');
    const rows = await store.signInAttempt.findMany();
    const text = rows.map(({ key }) => Buffer.from(key).toString('latin1')).join();
    expect(text).not.toMatch(/secret|198\.51/);
  });
});

describe('passwords', () => {
  test('are one whichever way a letter is written', async () => {
    const staffId = ids.next();
    await accounts.createAccount({ staffId, username: 'accents' });
    const { token } = await accounts.enrolmentLink(staffId, 'ENROL');
    await accounts.enrolment.useLink(token, 'ﬁancé café lanterne 9'.normalize('NFD'));
    expect((await attempt('accents', 'fiancé café lanterne 9')).kind).toBe('accepted');
  });

  test('are hashed anew when the parameters were raised', async () => {
    const staffId = await addPerson('older');
    const weak = await hash(password, { algorithm: 2, memoryCost: 8_192, timeCost: 1 });
    await store.account.update({ where: { staffId }, data: { passwordHash: weak } });
    expect((await attempt('older')).kind).toBe('accepted');
    const { passwordHash } = await store.account.findUniqueOrThrow({ where: { staffId } });
    expect(passwordHash).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    expect((await attempt('older')).kind).toBe('accepted');
  });

  test('that are half a megabyte long are not hashed for long', async () => {
    expect((await attempt('older', password + 'x'.repeat(500_000))).kind).toBe('refused');
  });

  test('are busy, not slow, when too many come at once', async () => {
    const staffOf = () => Promise.resolve(undefined);
    const hashing = { concurrency: 1, maxWaiting: 2 };
    const small = createAccounts({ store, sealed, revocations, clock, ids, staffOf, hashing });
    const all = Array.from({ length: 12 }, (_, index) =>
      small.verifyPassword({
        ...{ username: `flood-${index}`, password, source: `203.0.113.${index}` },
        browserCookie: undefined,
      }),
    );
    const kinds = (await Promise.all(all)).map(({ kind }) => kind);
    expect(kinds).toContain('busy');
    expect(kinds.filter((kind) => kind === 'refused').length).toBeGreaterThanOrEqual(3);
  });
});

describe('second factors', () => {
  test('are sealed for one person, and a step counts once also when it comes twice at once', async () => {
    const staffId = await addPerson('twice');
    const account = await accounts.records.byStaffId(staffId);
    if (account === undefined) throw new Error('no account');
    const person = { staffId, username: 'twice', hasSecondFactor: true };
    const { codeAt } = await accounts.addDemoAccount(person);
    const ready = await accounts.records.byStaffId(staffId);
    if (ready?.totpSecret === undefined) throw new Error('no second factor');
    const code = codeAt(clock.now());
    const checks = [1, 2, 3, 4].map(() => accounts.secondFactor.checkCode(ready, code, 'unknown'));
    const kinds = (await Promise.all(checks)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'accepted')).toHaveLength(1);
    expect(() => sealed.open(ready.totpSecret ?? new Uint8Array(), `totp:${ids.next()}`)).toThrow();
    expect(ready.totpLastStep).toBeLessThan(totpStep(clock.now()));
  });

  test('that are offered belong to one step', async () => {
    const staffId = await addPerson('offered');
    const account = await accounts.records.byStaffId(staffId);
    if (account === undefined) throw new Error('no account');
    const { sealed: offer } = accounts.secondFactor.offer(account, 'mine');
    expect(accounts.secondFactor.reopen(account, 'mine', offer)).toBeDefined();
    expect(accounts.secondFactor.reopen(account, 'theirs', offer)).toBeUndefined();
    expect(accounts.secondFactor.reopen(account, 'mine', 'AAAA')).toBeUndefined();
  });
});

test('a user name belongs to one person', async () => {
  await addPerson('only.one');
  expect(await accounts.createAccount({ staffId: ids.next(), username: ' Only.One' })).toBe(
    'exists',
  );
  expect(await accounts.createAccount({ staffId: ids.next(), username: 'a b' })).toBe(
    'username_invalid',
  );
});
