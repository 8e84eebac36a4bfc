import { decodeJwt, exportJWK, generateKeyPair } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../schema-registry/documents/field-app.json' with { type: 'json' };
import partnerManifest from '../../schema-registry/documents/0190b5c0-5a1e-7c3d-9f24-6b8e1d7a4c52.json' with { type: 'json' };
import {
  allSubgraphs,
  askRouter,
  askSubgraphs,
  bound,
  createBrowser,
  refresh,
  signInToApp,
  startSignInJourney,
  type SignInStack,
} from './test-sign-in.ts';

/** People and systems that sign in to the real stack, and how their access ends. */

let stack: SignInStack;
beforeAll(async () => {
  stack = await startSignInJourney(2);
  await stack.settle();
});
afterAll(() => stack.stop());

const idOf = (from: { operations: { name: string; id: string }[] }, name: string) => {
  const found = from.operations.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no document is called ${name}`);
  return found.id;
};
const me = { documentId: idOf(manifest, 'Me') };
const ended = { error: 'invalid_grant' };
const worker = 'health-worker-1';

/** Somebody of the district as the factory made them: with the device that it enrolled. */
function member(key: string) {
  const found = stack.district.staff.all.find((one) => one.key === key);
  if (found === undefined) throw new Error(`nobody is called ${key}`);
  return found;
}

async function change(actorKey: string, name: string, type: string, input: object): Promise<void> {
  const query = `mutation ($operation: OperationInput!, $input: ${type}!) {
    done: ${name}(operation: $operation, input: $input) { verdict problems { code } }
  }`;
  const data = await stack.read(actorKey, query, { operation: stack.operation(), input });
  expect(data['done']).toMatchObject({ verdict: 'APPLIED', problems: [] });
  await stack.settle();
}

describe('the field app', () => {
  test('signs in on an enrolled device and runs its documents, each proof once', async () => {
    const { deviceId, name, id } = member(worker);
    const session = await signInToApp(stack, worker, { deviceId });
    const { access_token } = session.tokens;
    expect(decodeJwt(access_token)).toMatchObject({
      ...{ sub: id, client_id: 'field-app', device: deviceId, roles: ['health_worker'] },
      cnf: { jkt: expect.any(String) },
    });
    const headers = await bound(stack, session, access_token);
    const answer = await askRouter(stack, me, headers);
    expect(answer).toMatchObject({ status: 200, data: { me: { id, name } } });
    expect(await askRouter(stack, me, headers)).toMatchObject({
      ...{ status: 401, data: null, reason: 'DPOP_PROOF_INVALID' },
    });
    const own = { query: '{ me { id } }' };
    const text = await askRouter(stack, own, await bound(stack, session, access_token));
    expect(text).toMatchObject({ data: null, code: 'DOCUMENT_NOT_REGISTERED' });
    const bearer = { authorization: `Bearer ${access_token}` };
    expect(await askRouter(stack, me, bearer)).toMatchObject({ status: 401, data: null });
  });

  test('rotates, repeats a refresh whose answer was lost, and ends when an old one is used', async () => {
    const session = await signInToApp(stack, worker);
    const first = session.tokens.refresh_token;
    const lost = await refresh(session, first);
    const second = await refresh(session, first);
    const third = await refresh(session, second.refresh_token);
    const works = await askRouter(stack, me, await bound(stack, session, third.access_token));
    expect(works.status).toBe(200);
    await expect(refresh(session, lost.refresh_token)).rejects.toMatchObject(ended);
    await expect(refresh(session, third.refresh_token)).rejects.toMatchObject(ended);
    const headers = () => bound(stack, session, third.access_token);
    expect(await askRouter(stack, me, await headers())).toMatchObject({
      ...{ status: 401, data: null, reason: 'TOKEN_REVOKED' },
    });
    expect(await askSubgraphs(stack, headers)).toEqual(allSubgraphs('TOKEN_REVOKED'));
  });

  test('signs out: router and subgraphs refuse its token at once', async () => {
    const session = await signInToApp(stack, worker);
    const headers = () => bound(stack, session, session.tokens.access_token);
    expect((await askRouter(stack, me, await headers())).status).toBe(200);
    // Good, but what runs registered documents alone runs them at the router alone.
    expect(await askSubgraphs(stack, headers)).toEqual(allSubgraphs('DOCUMENT_NOT_REGISTERED'));
    await client.tokenRevocation(session.config, session.tokens.refresh_token ?? '');
    expect(await askRouter(stack, me, await headers())).toMatchObject({ reason: 'TOKEN_REVOKED' });
    expect(await askSubgraphs(stack, headers)).toEqual(allSubgraphs('TOKEN_REVOKED'));
  });

  test('revokes one access token alone', async () => {
    const session = await signInToApp(stack, worker);
    const { access_token, refresh_token } = session.tokens;
    await client.tokenRevocation(session.config, access_token);
    const headers = () => bound(stack, session, access_token);
    expect(await askRouter(stack, me, await headers())).toMatchObject({ reason: 'TOKEN_REVOKED' });
    expect(await askSubgraphs(stack, headers)).toEqual(allSubgraphs('TOKEN_REVOKED'));
    const next = await refresh(session, refresh_token);
    const again = await askRouter(stack, me, await bound(stack, session, next.access_token));
    expect(again.status).toBe(200);
  });

  test('cannot sign in for a device of another institution, or one that nobody enrolled', async () => {
    for (const deviceId of [member('hospital-clinician-1').deviceId, stack.newId()]) {
      await expect(signInToApp(stack, worker, { deviceId })).rejects.toThrow();
    }
  });
});

describe('what the institution says', () => {
  test('another role: the old token is void, the next one has it', async () => {
    const key = 'health-worker-2';
    const { id, institutionId } = member(key);
    const session = await signInToApp(stack, key);
    expect(decodeJwt(session.tokens.access_token)).toMatchObject({ institution: institutionId });
    await change('platform-admin', 'updateStaff', 'UpdateStaffInput', { id, role: 'PHARMACIST' });
    const headers = await bound(stack, session, session.tokens.access_token);
    expect(await askRouter(stack, me, headers)).toMatchObject({ reason: 'TOKEN_REVOKED' });
    const next = await refresh(session, session.tokens.refresh_token);
    expect(decodeJwt(next.access_token)['roles']).toEqual(['pharmacist']);
    const works = await askRouter(stack, me, await bound(stack, session, next.access_token));
    expect(works).toMatchObject({ status: 200, data: { me: { id } } });
  });

  test('a device that is lost: its session ends, another of the same person goes on', async () => {
    const key = 'health-worker-3';
    const { deviceId } = member(key);
    const onDevice = await signInToApp(stack, key, { deviceId });
    const elsewhere = await signInToApp(stack, key);
    const input = { id: deviceId, state: 'LOST' };
    await change('platform-admin', 'changeDeviceState', 'ChangeDeviceStateInput', input);
    const headers = () => bound(stack, onDevice, onDevice.tokens.access_token);
    expect(await askRouter(stack, me, await headers())).toMatchObject({ reason: 'TOKEN_REVOKED' });
    expect(await askSubgraphs(stack, headers)).toEqual(allSubgraphs('TOKEN_REVOKED'));
    await expect(refresh(onDevice, onDevice.tokens.refresh_token)).rejects.toMatchObject(ended);
    await expect(signInToApp(stack, key, { deviceId })).rejects.toThrow();
    const other = await bound(stack, elsewhere, elsewhere.tokens.access_token);
    expect((await askRouter(stack, me, other)).status).toBe(200);
  });

  test('a dismissal: tokens, refreshing and signing in end', async () => {
    const key = 'health-worker-4';
    const session = await signInToApp(stack, key);
    const headers = () => bound(stack, session, session.tokens.access_token);
    expect((await askRouter(stack, me, await headers())).status).toBe(200);
    await change('platform-admin', 'dismissStaff', 'DismissStaffInput', { id: member(key).id });
    expect(await askRouter(stack, me, await headers())).toMatchObject({ reason: 'TOKEN_REVOKED' });
    expect(await askSubgraphs(stack, headers)).toEqual(allSubgraphs('TOKEN_REVOKED'));
    const late = refresh(session, session.tokens.refresh_token);
    await expect(late).rejects.toMatchObject(ended);
    await expect(signInToApp(stack, key)).rejects.toThrow('is not right');
  });
});

describe('a partner', () => {
  async function register() {
    const partnerId = stack.actor('partner').staffId;
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'demo' };
    await stack.deployment.identity?.partnerKeys.register({
      ...{ partnerId, authMethod: 'private_key_jwt', jwks: { keys: [jwk] } },
      scope: ['patient:read', 'institution:read', 'clinical:read'],
      // What zod makes of it; the shape is checked there.
    } as never);
    const config = await stack.discover(
      partnerId,
      client.PrivateKeyJwt({ key: privateKey, kid: 'demo' }),
    );
    return () => client.clientCredentialsGrant(config);
  }
  const institution = () => ({
    documentId: idOf(partnerManifest, 'Institution'),
    variables: { id: stack.actor('partner').institutionId },
  });

  test('runs its registered documents, and nothing else, until it is suspended', async () => {
    const grant = await register();
    const { access_token } = await grant();
    const headers = { authorization: `Bearer ${access_token}` };
    const answer = await askRouter(stack, institution(), headers);
    expect(answer).toMatchObject({
      status: 200,
      data: { institution: { name: expect.any(String) } },
    });
    const refused = [
      { query: '{ __typename }' },
      { query: partnerManifest.operations[0]?.body },
      { ...institution(), query: '{ __typename }' },
      me,
      { documentId: 'f'.repeat(64) },
    ];
    for (const body of refused) {
      const { data, code } = await askRouter(stack, body, headers);
      expect({ data, code }).toEqual({ data: null, code: 'DOCUMENT_NOT_REGISTERED' });
    }
    const input = { id: stack.actor('partner').staffId, state: 'SUSPENDED' };
    await change('platform-admin', 'changePartnerState', 'ChangePartnerStateInput', input);
    const late = await askRouter(stack, institution(), headers);
    expect(late).toMatchObject({ status: 401, data: null, reason: 'TOKEN_REVOKED' });
    await expect(grant()).rejects.toMatchObject({ error: 'invalid_client' });
  });
});

test('a command line is connected with the pages of a browser', async () => {
  const config = await stack.discover('caregraph-cli');
  const device = await client.initiateDeviceAuthorization(config, {});
  const browser = createBrowser();
  const confirm = await browser.open(device.verification_uri_complete ?? '');
  const [first] = [await browser.submit(confirm, { user_code: device.user_code })];
  expect(first?.text).toContain(device.user_code);
  const page = await browser.submit(first ?? confirm, {});
  const password = await stack.passwordOf(worker);
  const done = await browser.submit(page, { username: worker, password });
  expect(done.text).toContain('The device is connected');
  const { access_token } = await client.pollDeviceAuthorizationGrant(config, {
    ...device,
    interval: 0,
  });
  const headers = { authorization: `Bearer ${access_token}` };
  const answer = await askRouter(stack, { query: '{ me { id role } }' }, headers);
  expect(answer.data).toEqual({ me: { id: member(worker).id, role: 'HEALTH_WORKER' } });
});
