import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestDistrict, type TestDistrict } from '../test-clinical.ts';
import { mayFollow, nextStates, referralStates } from './referral.state.ts';

let graph: TestDistrict;

beforeAll(async () => {
  graph = await startTestDistrict();
});
afterAll(() => graph.stop());

const shown = `referral { id state urgency reason version from { id } to { id } steps { state by { id } } }`;

async function referred(over: Record<string, unknown> = {}) {
  const patientId = await graph.patient();
  const input = {
    id: graph.ids.next(),
    patientId,
    toInstitutionId: graph.hospital,
    urgency: 'EMERGENCY',
    reason: 'bleeding since the morning',
    ...over,
  };
  return { patientId, input, receipt: await graph.write('referPatient', input, { select: shown }) };
}

const step = (referralId: string, state: string, over = {}) =>
  graph.write('changeReferralState', { referralId, state }, { select: shown, ...over });

test('a patient is referred, accepted by the hospital, arrives and is seen through', async () => {
  const { input, receipt, patientId } = await referred();
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    referral: {
      state: 'REQUESTED',
      reason: 'bleeding since the morning',
      from: { id: graph.clinic },
      to: { id: graph.hospital },
    },
  });
  const token = graph.hospitalClinician;
  for (const state of ['ACCEPTED', 'ARRIVED', 'COMPLETED']) {
    expect(await step(input.id, state, { token })).toMatchObject({
      verdict: 'APPLIED',
      referral: { state },
    });
  }
  const again = await step(input.id, 'COMPLETED');
  expect(again).toMatchObject({
    verdict: 'APPLIED',
    referral: {
      version: 4,
      steps: [
        { state: 'REQUESTED' },
        { state: 'ACCEPTED' },
        { state: 'ARRIVED' },
        { state: 'COMPLETED' },
      ],
    },
  });
  expect(await graph.accesses(patientId)).toContainEqual(
    expect.objectContaining({ action: 'WRITE', operation: 'changeReferralState' }),
  );
});

test.each(
  referralStates.flatMap((from) =>
    referralStates
      .filter((to) => to !== from)
      .map((to) => [from, to, mayFollow(from, to)] as const),
  ),
)('from %s to %s: %s', async (from, to, allowed) => {
  const { input } = await referred();
  await graph.pool.query('UPDATE referral SET state = $2 WHERE id = $1', [input.id, from]);
  const receipt = await step(input.id, to);
  if (allowed) expect(receipt).toMatchObject({ verdict: 'APPLIED', referral: { state: to } });
  else {
    expect(receipt).toMatchObject({
      verdict: 'REJECTED',
      problems: [{ code: 'STATE_REFUSED', field: 'state' }],
    });
  }
});

test('an end is an end', () => {
  for (const end of ['COMPLETED', 'DECLINED', 'CANCELLED'] as const) {
    expect(nextStates[end]).toEqual([]);
  }
});

test('of two who take a step at once, the second stands before the new state', async () => {
  const referrals = await Promise.all(Array.from({ length: 8 }, () => referred()));
  const receipts = await Promise.all(
    referrals.flatMap(({ input }) => [step(input.id, 'ARRIVED'), step(input.id, 'CANCELLED')]),
  );
  // Whoever comes second is judged by the rules of the new state, not by a clash of rows.
  const refusals = receipts.flatMap(({ problems }) => problems.map(({ code }) => code));
  expect(refusals).toEqual(referrals.map(() => 'STATE_REFUSED'));
});

test('the receiving hospital sees its referrals, others do not; the reason lies sealed', async () => {
  const { input, patientId } = await referred();
  const query = `query ($id: UUID!, $to: UUID, $of: [_Any!]!) { referral(id: $id) { reason }
    referrals(toInstitutionId: $to, state: REQUESTED) { edges { node { id } } }
    _entities(representations: $of) { ... on Patient { referrals { edges { node { id } } } } } }`;
  const of = [{ __typename: 'Patient', id: patientId }];
  const ask = async (token: string) =>
    (await graph.ask(token, query, { id: input.id, to: graph.hospital, of })).data;
  expect(await ask(graph.worker)).toMatchObject({
    referral: { reason: input.reason },
    _entities: [{ referrals: { edges: [{ node: { id: input.id } }] } }],
  });
  const atHospital = await ask(graph.hospitalClinician);
  expect(atHospital).toMatchObject({
    referral: { reason: input.reason },
    _entities: [{ referrals: null }],
  });
  const { edges } = atHospital?.['referrals'] as { edges: unknown[] };
  expect(edges).toContainEqual({ node: { id: input.id } });
  expect(await ask(graph.outsider)).toMatchObject({
    referral: null,
    referrals: { edges: [] },
    _entities: [{ referrals: null }],
  });
  const { rows } = await graph.pool.query('SELECT reason FROM referral WHERE id = $1', [input.id]);
  expect(rows[0].reason).toBeInstanceOf(Buffer);
});

test('what cannot be is refused', async () => {
  const { receipt } = await referred({ toInstitutionId: graph.clinic });
  expect(receipt).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'INPUT_INVALID', field: 'toInstitutionId' }],
  });
  const foreignCheckup = await referred({ checkupId: graph.ids.next() });
  expect(foreignCheckup.receipt).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'REFERENCE_NOT_FOUND' }],
  });
  expect(await step(graph.ids.next(), 'ACCEPTED')).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'NOT_FOUND', field: 'referralId' }],
  });
  const { input } = await referred();
  expect(await step(input.id, 'ACCEPTED', { token: graph.outsider })).toMatchObject({
    verdict: 'QUARANTINED',
  });
  const denied = await graph.attempt('referPatient', input, { token: graph.pharmacist });
  expect(denied.errors[0]?.extensions.code).toBe('FORBIDDEN');
});

test('a referral goes out from its author’s institution, unless it is imported', async () => {
  const fromInstitutionId = graph.ids.next();
  const { patientId, input, receipt } = await referred({ fromInstitutionId });
  expect(receipt).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'REFERENCE_NOT_FOUND', field: 'fromInstitutionId' }],
  });
  const own = await referred({ fromInstitutionId: graph.clinic });
  expect(own.receipt).toMatchObject({ verdict: 'APPLIED' });
  const token = await graph.token({ roles: ['importer'], areaRoots: [graph.villageA] });
  const imported = await graph.write('referPatient', { ...input, patientId }, { token });
  expect(imported).toMatchObject({ verdict: 'APPLIED' });
});

test('a referral for an unknown patient is its author’s, and the hospital’s only later', async () => {
  const patientId = graph.ids.next();
  const refer = async (token: string) => {
    const input = { patientId, toInstitutionId: graph.hospital, urgency: 'URGENT', reason: 'x' };
    const id = graph.ids.next();
    await graph.write('referPatient', { ...input, id }, { token });
    return id;
  };
  const [strangers, own] = [await refer(graph.outsider), await refer(graph.worker)];
  const query = `query ($a: UUID!, $b: UUID!) { strangers: referral(id: $a) { id } own: referral(id: $b) { id } }`;
  const see = async (token: string) =>
    (await graph.ask(token, query, { a: strangers, b: own })).data;
  expect(await see(graph.outsider)).toEqual({ strangers: { id: strangers }, own: null });
  expect(await see(graph.worker)).toEqual({ strangers: null, own: { id: own } });
  expect(await see(graph.hospitalClinician)).toEqual({ strangers: null, own: null });
  await graph.patient({ patientId });
  expect(await see(graph.hospitalClinician)).toMatchObject({ own: { id: own } });
});
