import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TokenSubject } from '@caregraph/access';
import { accessesOf, createTestDistrict, mutationOf, type TestDistrict } from '../test-district.ts';

type Row = Record<string, unknown>;
interface Opened {
  readonly verdict: string;
  readonly replayed: boolean;
  readonly problems: readonly { readonly code: string; readonly field: string | null }[];
  readonly grantId: string | null;
  readonly grant: string | null;
  readonly expiresAt: string | null;
}

const justification = 'Brought in unconscious; her own clinic is closed.';
const opening = `mutation ($operation: OperationInput!, $input: BreakGlassInput!) {
  breakGlass(operation: $operation, input: $input) {
    verdict replayed problems { code field }
    ... on BreakGlassReceipt { grantId grant expiresAt }
  }
}`;
const closing = `mutation ($operation: OperationInput!, $input: CloseBreakGlassInput!) {
  closeBreakGlass(operation: $operation, input: $input) {
    verdict problems { code field }
    ... on CloseBreakGlassReceipt { grantId }
  }
}`;
const record = `query ($id: UUID!) { patient(id: $id) {
  id name identifiers { value } household { id label members { id } head { id } }
  relationships { id kind fromPatient { id } toPatient { id } }
} }`;

let district: TestDistrict;
let patientId: string;
let neighbourId: string;
let householdId: string;
const id = () => district.graph.ids.next();

beforeAll(async () => {
  district = await createTestDistrict();
  householdId = id();
  const household = { id: householdId, areaId: district.north, label: 'By the well' };
  await district.write(district.worker, 'registerHousehold', household);
  const identifiers = [{ id: id(), type: 'MRN', system: 'north', value: 'N-2231' }];
  patientId = (await district.register({ householdId, identifiers })).id;
  neighbourId = (await district.register({ householdId, name: 'Farida Begum' })).id;
  const related = { id: id(), fromPatientId: patientId, toPatientId: neighbourId, kind: 'SIBLING' };
  await district.write(district.worker, 'relatePatients', related);
});
afterAll(() => district.graph.stop());

/** A clinician of another district. */
const clinician = (over: Partial<TokenSubject> = {}) =>
  district.graph.token({ roles: ['clinician'], areaRoots: [district.abroad], ...over });

async function open(token: string, over: Row = {}, stamp: Row = {}): Promise<Opened> {
  const variables = {
    operation: district.graph.operation(stamp),
    input: { patientId, reason: 'EMERGENCY', justification, ...over },
  };
  const { data, errors } = await district.ask(token, opening, variables);
  if (errors.length > 0) throw new Error(errors.map((one) => one.extensions.code).join());
  return data?.['breakGlass'] as Opened;
}

async function read(token: string, grant?: string | null, asked = patientId) {
  const headers = grant == null ? {} : { 'x-break-glass': grant };
  const answer = await district.graph.ask(token, record, { id: asked }, headers);
  return { ...answer, patient: answer.data?.['patient'] as Row | null | undefined };
}

async function write(token: string, grant: string, name: string, input: Row): Promise<Row> {
  const variables = { operation: district.graph.operation(), input };
  const headers = { 'x-break-glass': grant };
  const answer = await district.graph.ask(token, mutationOf(name), variables, headers);
  if (answer.errors.length > 0) throw new Error(JSON.stringify(answer.errors));
  return answer.data?.[name] as Row;
}

const claimsOf = (grant: string | null) =>
  JSON.parse(Buffer.from(grant?.split('.')[1] ?? '', 'base64url').toString()) as Row;

describe('opening', () => {
  test('a clinician opens the record of someone of another district, and sees it', async () => {
    const actorId = id();
    const token = await clinician({ id: actorId });
    expect((await read(token)).patient).toBeNull();
    const opened = await open(token);
    expect(opened).toMatchObject({ verdict: 'APPLIED', replayed: false, problems: [] });
    expect(claimsOf(opened.grant)).toMatchObject({
      iss: 'caregraph/patient',
      sub: actorId,
      patient: patientId,
      purpose: 'treatment',
      reason: 'EMERGENCY',
      jti: opened.grantId,
    });
    expect(JSON.stringify(claimsOf(opened.grant))).not.toContain('unconscious');
    const { patient } = await read(token, opened.grant);
    expect(patient).toMatchObject({
      name: 'Rehana Begum',
      identifiers: [{ value: 'N-2231' }],
      household: { id: householdId, label: 'By the well', members: [{ id: patientId }] },
      relationships: [{ kind: 'SIBLING', fromPatient: { id: patientId }, toPatient: null }],
    });
    // Nobody else, and not without the grant.
    expect((await read(token, opened.grant, neighbourId)).patient).toBeNull();
    expect((await read(token)).patient).toBeNull();
  });

  test('a record that is not there, or too few words, open nothing', async () => {
    const token = await clinician();
    const missing = await open(token, { patientId: id() });
    expect(missing).toMatchObject({
      verdict: 'REJECTED',
      problems: [{ code: 'NOT_FOUND', field: 'patientId' }],
      grantId: null,
      grant: null,
    });
    const silent = await open(token, { justification: '   because   ' });
    expect(silent).toMatchObject({
      verdict: 'REJECTED',
      problems: [{ code: 'INPUT_INVALID', field: 'justification' }],
    });
  });

  test.each(['health_worker', 'pharmacist', 'auditor', 'institution_admin'] as const)(
    'a %s opens nothing',
    async (role) => {
      const token = await district.graph.token({ roles: [role] });
      await expect(open(token)).rejects.toThrow('FORBIDDEN');
    },
  );

  test('thirty records an hour are the most, also for thirty-five at once', async () => {
    const token = await clinician();
    const asked = await Promise.allSettled(Array.from({ length: 35 }, () => open(token)));
    const refused = asked.filter((one) => one.status === 'rejected');
    expect(refused.map((one) => String(one.reason))).toEqual(
      Array.from({ length: 5 }, () => 'Error: RATE_LIMITED'),
    );
    await expect(open(await clinician())).resolves.toMatchObject({ verdict: 'APPLIED' });
  });

  test('what waited in a queue opens nothing, and a batch has no entry for it', async () => {
    const token = await clinician();
    const recordedAt = new Date(Date.now() - 6 * 60_000).toISOString();
    expect(await open(token, {}, { recordedAt })).toMatchObject({
      verdict: 'REJECTED',
      problems: [{ code: 'BREAK_GLASS_ONLINE_ONLY', field: 'operation.recordedAt' }],
      grant: null,
    });
    const entry = {
      operation: district.graph.operation(),
      breakGlass: { patientId, reason: 'EMERGENCY', justification },
    };
    const batch = `mutation ($operations: [PatientOperation!]!) {
      applyPatientOperations(operations: $operations) { verdict }
    }`;
    const { errors } = await district.ask(token, batch, { operations: [entry] });
    expect(errors.map((one) => one.extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  test('the same operation again gives the same grant to the same sign-in, and no longer', async () => {
    const [actorId, operationId] = [id(), id()];
    const token = await clinician({ id: actorId, sessionId: 'one' });
    const stamp = district.graph.operation({ id: operationId });
    const first = await open(token, {}, stamp);
    const again = await open(token, {}, stamp);
    expect(again).toMatchObject({ verdict: 'APPLIED', replayed: true, grantId: first.grantId });
    expect(claimsOf(again.grant)).toEqual(claimsOf(first.grant));
    const elsewhere = await clinician({ id: actorId, sessionId: 'two' });
    expect(await open(elsewhere, {}, stamp)).toMatchObject({ replayed: true, grant: null });
    const somebody = await clinician();
    await expect(open(somebody, {}, stamp)).rejects.toThrow('OPERATION_ID_REUSED');
    const { rows } = await district.graph.pool.query(
      'SELECT count(*)::int AS n FROM break_glass_grant WHERE actor_id = $1',
      [actorId],
    );
    expect(rows).toEqual([{ n: 1 }]);
  });

  test('the database holds no grant of more than an hour', async () => {
    const { grantId } = await open(await clinician());
    await expect(
      district.graph.pool.query(
        `UPDATE break_glass_grant SET expires_at = opened_at + interval '61 minutes' WHERE id = $1`,
        [grantId],
      ),
    ).rejects.toThrow('break_glass_grant_term_check');
  });
});

describe('a grant', () => {
  test('serves nobody else, no lesser role, no other purpose, and not when altered', async () => {
    const actorId = id();
    const { grant } = await open(await clinician({ id: actorId }));
    if (grant === null) throw new Error('nothing was opened');
    const refusal = async (token: string, text: string) => {
      const { status, errors, data } = await read(token, text);
      expect(data ?? null).toBeNull();
      return [status, ...errors.map((one) => one.extensions)];
    };
    const no = (reason: string) => [403, { code: 'BREAK_GLASS_REFUSED', reason }];
    expect(await refusal(await clinician(), grant)).toEqual(no('OTHER_ACTOR'));
    const worker = await clinician({ id: actorId, roles: ['health_worker'] });
    expect(await refusal(worker, grant)).toEqual(no('PERMISSION'));
    const coordinator = await clinician({ id: actorId, purposes: ['care_coordination'] });
    expect(await refusal(coordinator, grant)).toEqual(no('PURPOSE'));
    const [header = '', payload = '', signature = ''] = grant.split('.');
    const claims = { ...claimsOf(grant), patient: neighbourId };
    const altered = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const own = await clinician({ id: actorId });
    expect(await refusal(own, `${header}.${altered}.${signature}`)).toEqual(no('SIGNATURE'));
    expect(await refusal(own, `${header}.${payload}.`)).toEqual(no('MALFORMED'));
    expect(await refusal(own, '')).toEqual(no('MALFORMED'));
  });

  test('writes this record, and no neighbour, household or other place', async () => {
    const token = await clinician();
    const { grant, grantId } = await open(token);
    const by = (name: string, input: Row) => write(token, grant ?? '', name, input);
    const phone = '+91 98300 12345';
    expect(await by('updatePatient', { patientId, phone })).toMatchObject({
      verdict: 'APPLIED',
      patient: { phone },
    });
    const identifier = { id: id(), patientId, type: 'MRN', system: 'abroad', value: 'A-9' };
    expect(await by('addIdentifier', identifier)).toMatchObject({ verdict: 'APPLIED' });
    const marked = (await accessesOf(district.graph, patientId)).filter(
      (one) => one['action'] === 'WRITE' && one['operation'] === 'updatePatient',
    );
    expect(marked).toMatchObject([{ breakGlass: { grantId, patientId, reason: 'EMERGENCY' } }]);
    expect(await by('updatePatient', { patientId: neighbourId, phone })).toMatchObject({
      verdict: 'QUARANTINED',
      problems: [{ code: 'OUT_OF_SCOPE_KEPT' }],
    });
    const household = { householdId, label: 'Taken over' };
    expect(await by('updateHousehold', household)).toMatchObject({ verdict: 'QUARANTINED' });
    // Threat: one hour of leave is made into leave for good by moving the person home.
    const home = { patientId, areaId: district.abroad };
    expect(await by('movePatient', home)).toMatchObject({
      verdict: 'REJECTED',
      problems: [{ code: 'NOT_PERMITTED', field: 'patientId' }],
    });
    const mine = (await district.register({ areaId: district.abroad }, district.foreign)).id;
    for (const merge of [
      { patientId, status: 'MERGED', mergedIntoId: mine },
      { patientId: mine, status: 'MERGED', mergedIntoId: patientId },
    ]) {
      expect(await by('changePatientStatus', merge)).toMatchObject({
        verdict: 'REJECTED',
        problems: [{ code: 'NOT_PERMITTED' }],
      });
    }
    expect((await read(token)).patient).toBeNull();
  });

  test('is closed by its holder alone, and opens nothing any more', async () => {
    const token = await clinician();
    const { grant, grantId } = await open(token);
    const close = async (by: string) => {
      const variables = { operation: district.graph.operation(), input: { grantId } };
      return (await district.ask(by, closing, variables)).data?.['closeBreakGlass'] as Row;
    };
    expect(await close(await clinician())).toMatchObject({ problems: [{ code: 'NOT_FOUND' }] });
    expect((await read(token, grant)).patient).toMatchObject({ id: patientId });
    expect(await close(token)).toMatchObject({ verdict: 'APPLIED', grantId });
    const { status, errors } = await read(token, grant);
    expect([status, ...errors.map((one) => one.extensions)]).toEqual([
      403,
      { code: 'BREAK_GLASS_REFUSED', reason: 'CLOSED' },
    ]);
    expect(await close(token)).toMatchObject({ verdict: 'APPLIED' });
  });
});

describe('the record of it', () => {
  const listing = `query ($patientId: UUID, $actorId: UUID) {
    breakGlassGrants(patientId: $patientId, actorId: $actorId) { edges { node {
      id actor { id } institution { id } patientId purpose reason justification
      openedAt expiresAt closedAt
    } } }
  }`;
  const list = async (token: string, variables: Row) => {
    const { data, errors } = await district.ask(token, listing, variables);
    if (errors.length > 0) throw new Error(errors.map((one) => one.extensions.code).join());
    const { edges } = data?.['breakGlassGrants'] as { edges: { node: Row }[] };
    return edges.map(({ node }) => node);
  };

  test('opening and reading are told of the person, with the grant', async () => {
    const person = await district.register();
    const token = await clinician();
    const { grant, grantId } = await open(token, { patientId: person.id });
    await read(token, grant, person.id);
    const breakGlass = { grantId, patientId: person.id, reason: 'EMERGENCY' };
    const accesses = await accessesOf(district.graph, person.id);
    expect(accesses.filter((one) => one['breakGlass'] !== undefined)).toMatchObject([
      { action: 'WRITE', operation: 'breakGlass', outcome: 'APPLIED', breakGlass },
      { action: 'READ', operation: 'patient', outcome: 'SERVED', breakGlass },
    ]);
    expect(JSON.stringify(accesses)).not.toContain('unconscious');
  });

  test('who reads their own patients under a grant is not said to have opened them', async () => {
    const token = await clinician();
    const { grant } = await open(token);
    const mine = await district.register({ areaId: district.abroad }, district.foreign);
    expect((await read(token, grant, mine.id)).patient).toMatchObject({ id: mine.id });
    const reads = (await accessesOf(district.graph, mine.id)).filter(
      (one) => one['action'] === 'READ',
    );
    expect(reads.some((one) => one['breakGlass'] !== undefined)).toBe(false);
  });

  test('auditors of both institutions see it, those of others and clinicians do not', async () => {
    const [actorId, institutionId] = [id(), id()];
    const { grantId } = await open(await clinician({ id: actorId, institutionId }));
    const auditor = (of: string, role: 'auditor' | 'institution_admin' = 'auditor') =>
      district.graph.token({ roles: [role], purposes: ['audit'], institutionId: of });
    const seen = [{ id: grantId, actor: { id: actorId }, patientId, justification }];
    expect(await list(await auditor(institutionId), { actorId })).toMatchObject(seen);
    const admin = await auditor(district.institutionId, 'institution_admin');
    expect(await list(admin, { patientId, actorId })).toMatchObject(seen);
    expect(await list(await auditor(id()), { actorId })).toEqual([]);
    await expect(list(await clinician({ institutionId }), { actorId })).rejects.toThrow(
      'FORBIDDEN',
    );
  });
});
