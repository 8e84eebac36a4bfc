import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixedClock } from '@caregraph/clock';
import { findTotpStep, totpCode, totpStep } from '../account/totp.ts';
import { createFormClient, type Answer, type FormClient } from './test-form-client.ts';
import { startSignIn, type SignInRig } from './test-sign-in.ts';

const clock = fixedClock(new Date('2026-03-01T08:00:00Z'));
const password = 'lantern orbit teapot 9';
let rig: SignInRig;
beforeAll(async () => {
  rig = await startSignIn(clock);
});
afterAll(() => rig.stop());

const start = '/identity/interaction/one';
async function signIn(client: FormClient, username: string, secret = password): Promise<Answer> {
  return client.submit(await client.get(start), { username, password: secret });
}

function secretOf(page: Answer): Uint8Array {
  const text = /class="secret"[^>]*>([A-Z2-7 ]+)</.exec(page.text)?.[1]?.replaceAll(' ', '') ?? '';
  const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter));
  const joined = bits.map((value) => value.toString(2).padStart(5, '0')).join('');
  return Uint8Array.from(joined.match(/.{8}/g) ?? [], (byte) => parseInt(byte, 2));
}
const codeOf = (secret: Uint8Array) => totpCode(secret, totpStep(clock.now()));

test('a health worker signs in with a password alone', async () => {
  const staffId = await rig.addPerson('meera', 'health_worker', password);
  const answer = await signIn(createFormClient(rig.url), 'Meera ');
  expect([answer.status, answer.location]).toEqual([303, '/client']);
  expect(rig.finished.at(-1)).toMatchObject({ accountId: staffId, amr: ['pwd'] });
});

test('unknown, wrong, not enrolled and dismissed get one answer, bit for bit', async () => {
  await rig.addPerson('wrong', 'health_worker', password);
  await rig.addPerson('empty', 'health_worker');
  rig.dismiss(await rig.addPerson('gone1', 'health_worker', password));
  const answers = [];
  for (const [name, secret] of [
    ['nobod', password],
    ['wrong', 'not the password'],
    ['empty', password],
    ['gone1', password],
  ] as const) {
    const answer = await signIn(createFormClient(rig.url), name, secret);
    const text = answer.text.replaceAll(name, 'NAME').replace(/value="[\w-]{43}"/, 'TOKEN');
    answers.push({ status: answer.status, text });
  }
  expect(answers[0]?.status).toBe(400);
  expect(answers[0]?.text).toContain('is not right');
  for (const answer of answers) expect(answer).toEqual(answers[0]);
});

describe('a clinician', () => {
  let client: FormClient;
  let secret: Uint8Array;
  let recoveryCodes: string[];
  beforeAll(async () => {
    clock.advance(3_600_000);
    await rig.addPerson('doctor', 'clinician', password);
    client = createFormClient(rig.url);
  });

  test('gets no session before a second factor is set up', async () => {
    const before = rig.finished.length;
    const first = await signIn(client, 'doctor');
    expect(first.location).toBe(`${start}/setup`);
    const setup = await client.get(first.location);
    secret = secretOf(setup);
    const wrong = await client.submit(setup, { code: '000000' });
    expect(wrong.status).toBe(400);
    expect(secretOf(wrong)).toEqual(secret);
    const codes = await client.submit(wrong, { code: codeOf(secret) });
    recoveryCodes = [...codes.text.matchAll(/<li>([A-Z0-9-]{17})<\/li>/g)].map(
      (one) => one[1] ?? '',
    );
    expect(recoveryCodes).toHaveLength(10);
    expect(rig.finished).toHaveLength(before);
    const done = await client.submit(codes, {});
    expect(done.location).toBe('/client');
    expect(rig.finished.at(-1)?.amr).toEqual(['pwd', 'otp', 'mfa']);
  });

  test('gives a code at the next sign-in, and no code twice', async () => {
    const first = await signIn(client, 'doctor');
    expect(first.location).toBe(`${start}/code`);
    const page = await client.get(first.location);
    const again = await client.submit(page, { code: codeOf(secret) });
    expect(again.status).toBe(400);
    clock.advance(30_000);
    const code = codeOf(secret);
    expect((await client.submit(again, { code })).location).toBe('/client');
    const other = createFormClient(rig.url);
    const second = await other.get((await signIn(other, 'doctor')).location);
    expect((await other.submit(second, { code })).status).toBe(400);
  });

  test('may use each recovery code once, however it is typed', async () => {
    const typed = recoveryCodes[0]?.toLowerCase().replaceAll('-', ' ') ?? '';
    await signIn(client, 'doctor');
    const page = await client.get(`${start}/recovery`);
    expect((await client.submit(page, { code: typed })).location).toBe('/client');
    await signIn(client, 'doctor');
    expect(
      (await client.submit(await client.get(`${start}/recovery`), { code: typed })).status,
    ).toBe(400);
  });

  test('cannot skip the code by asking for later pages', async () => {
    await signIn(client, 'doctor');
    const stranger = createFormClient(rig.url);
    for (const page of ['code', 'recovery', 'setup']) {
      expect((await stranger.get(`${start}/${page}`)).location).toBe(start);
    }
    const before = rig.finished.length;
    const setup = await client.get(`${start}/setup`);
    expect(setup.location).toBe(start);
    const forged = await client.submit(
      { ...setup, text: `<form action="${start}/kept"></form>` },
      {},
    );
    expect(forged.status).toBe(403);
    expect(rig.finished).toHaveLength(before);
  });

  test('is stopped after a few wrong codes', async () => {
    const other = createFormClient(rig.url);
    const codes = await other.get((await signIn(other, 'doctor')).location);
    const statuses = [];
    for (let tries = 0; tries < 7; tries += 1) {
      statuses.push((await other.submit(codes, { code: '000000' })).status);
    }
    expect(statuses.at(-1)).toBe(429);
  });
});

describe('forms', () => {
  test.each([
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a sibling host', { origin: rig_origin(), 'sec-fetch-site': 'same-site' }],
    ['an unknown place', {}],
    ['a sandboxed frame', { origin: 'null' }],
  ])('from %s are refused', async (_name, headers) => {
    const client = createFormClient(rig.url);
    const page = await client.get(start);
    const answer = await client.submit(page, { username: 'meera', password }, headers);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('FORM_REFUSED');
  });

  test('with the token of another browser or sign-in are refused', async () => {
    const other = await createFormClient(rig.url).get(start);
    const client = createFormClient(rig.url);
    await client.get(start);
    expect((await client.submit(other, { username: 'meera', password })).status).toBe(403);
    const second = await client.get('/identity/interaction/two');
    const moved = { ...second, text: second.text.replaceAll('/two', '/one') };
    expect((await client.submit(moved, { username: 'meera', password })).status).toBe(403);
  });

  test('show what was typed as text', async () => {
    const answer = await signIn(createFormClient(rig.url), '"><script>alert(1)</script>');
    expect(answer.text).not.toContain('<script');
  });

  test('that are too large are refused', async () => {
    const client = createFormClient(rig.url);
    const answer = await client.submit(await client.get(start), { username: 'x'.repeat(20_000) });
    expect(answer.status).toBe(413);
  });
});

function rig_origin(): string {
  return 'http://127.0.0.1:1';
}

test('the secret of a browser is a new one after a sign-in', async () => {
  const client = createFormClient(rig.url);
  await client.get(start);
  const before = client.cookies.get('caregraph-form');
  await signIn(client, 'meera');
  expect(client.cookies.get('caregraph-form')).not.toBe(before);
});

test('a browser cannot be given a secret that an attacker knows across a sign-in', async () => {
  const planted = createFormClient(rig.url);
  await planted.get(start);
  const victim = createFormClient(rig.url);
  victim.cookies.set('caregraph-form', planted.cookies.get('caregraph-form') ?? '');
  await rig.addPerson('planted', 'clinician', password);
  await signIn(victim, 'planted');
  const setup = await victim.get(`${start}/setup`);
  const codes = await victim.submit(setup, { code: codeOf(secretOf(setup)) });
  await victim.submit(codes, {});
  expect((await planted.get(`${start}/setup`)).location).toBe(start);
});

test('every page has the headers that keep it to itself', async () => {
  const answers = [
    await createFormClient(rig.url).get(start),
    await createFormClient(rig.url).get('/identity/password'),
    await createFormClient(rig.url).get('/identity/enrol/none'),
  ];
  for (const { headers } of answers) {
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-frame-options')).toBe('DENY');
  }
  expect(answers[0]?.headers.get('content-security-policy')).toContain(
    "form-action 'self' org.caregraph.field:",
  );
  expect(answers[0]?.headers.getSetCookie().join()).toMatch(/HttpOnly; SameSite=Lax/);
});

describe('a one-time link', () => {
  async function open(client: FormClient, username: string): Promise<Answer> {
    const staffId = await rig.addPerson(username, 'health_worker');
    const { token } = await rig.signIn.accounts.enrolmentLink(staffId, 'ENROL');
    expect((await client.get(`/identity/enrol/${token}`)).location).toBe('/identity/enrol');
    return client.get('/identity/enrol');
  }

  test('gives a password, offers a second factor, and works once', async () => {
    const client = createFormClient(rig.url);
    const page = await open(client, 'lata');
    const weak = await client.submit(page, {
      new_password: 'password12345678',
      new_password_repeat: 'password12345678',
    });
    expect(weak.text).toContain('easy to guess');
    const typed = { new_password: password, new_password_repeat: password };
    const set = await client.submit(weak, typed);
    expect(set.location).toBe('/identity/enrol/setup');
    const setup = await client.get(set.location);
    expect(setup.text).toContain('Not now');
    expect((await client.submit(page, typed)).status).toBe(403);
    expect((await signIn(createFormClient(rig.url), 'lata')).location).toBe('/client');
  });

  test('ends with the next link and after three days', async () => {
    const client = createFormClient(rig.url);
    const staffId = await rig.addPerson('late', 'health_worker');
    const { accounts } = rig.signIn;
    const first = await accounts.enrolmentLink(staffId, 'ENROL');
    const second = await accounts.enrolmentLink(staffId, 'ENROL');
    expect(await accounts.enrolment.ownerOf(first.token)).toBeUndefined();
    expect(await accounts.enrolment.ownerOf(second.token)).toMatchObject({ username: 'late' });
    clock.advance(73 * 3_600_000);
    await client.get(`/identity/enrol/${second.token}`);
    expect((await client.get('/identity/enrol')).status).toBe(410);
  });
});

test('a password is changed by who knows the present one', async () => {
  await rig.addPerson('change', 'health_worker', password);
  const client = createFormClient(rig.url);
  const next = 'violet harbour 7 spoons';
  const typed = { username: 'change', new_password: next, new_password_repeat: next };
  const page = await client.get('/identity/password');
  expect((await client.submit(page, { ...typed, password: 'not this one' })).status).toBe(400);
  expect((await client.submit(page, { ...typed, password })).location).toBe(
    '/identity/password/changed',
  );
  expect((await signIn(createFormClient(rig.url), 'change', next)).location).toBe('/client');
});

test('guesses from a new browser never stop a browser that is known', async () => {
  await rig.addPerson('target', 'health_worker', password);
  const known = createFormClient(rig.url);
  expect((await signIn(known, 'target')).location).toBe('/client');
  const attacker = createFormClient(rig.url);
  const guesses = [];
  for (let tries = 0; tries < 7; tries += 1) {
    guesses.push((await signIn(attacker, 'target', `guess number ${tries}`)).status);
  }
  expect(guesses).toEqual([400, 400, 400, 400, 400, 429, 429]);
  expect((await signIn(attacker, 'target')).status).toBe(429);
  expect((await signIn(known, 'target')).location).toBe('/client');
});

test('names that nobody has are slowed in the same way', async () => {
  clock.advance(3_600_000);
  const attacker = createFormClient(rig.url);
  const guesses = [];
  for (let tries = 0; tries < 6; tries += 1) {
    guesses.push((await signIn(attacker, 'nobody.here', `guess ${tries}`)).status);
  }
  expect(guesses).toEqual([400, 400, 400, 400, 400, 429]);
});

test('logs and addresses name nobody', () => {
  expect(rig.lines.join('\n')).not.toMatch(/meera|doctor|target|nobody\.here|lantern/);
  expect(findTotpStep(new Uint8Array(20), '', clock.now(), 0)).toBeUndefined();
});
