import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBreakGlassIssuer } from '@caregraph/access';
import { systemClock } from '@caregraph/clock';
import { startJourney, type Answer, type JourneyStack } from './test-stack.ts';

/** A record that is opened outside of the scope: by whom, how far, for how long, and who sees it. */

let stack: JourneyStack;
/** Somebody of the first block, with a checkup and a prescription; clinician-2 works elsewhere. */
let patient: { readonly id: string; readonly checkupId: string; readonly householdId: string };
let neighbourId: string;

beforeAll(async () => {
  stack = await startJourney({ households: 12 });
  const { patients } = (await stack.read(
    'hospital-clinician-1',
    `{ patients(first: 200) { edges { node {
      id householdId household { members { id } } latestCheckup { id }
      prescriptions(first: 1) { edges { node { id } } }
    } } } }`,
  )) as {
    patients: {
      edges: {
        node: {
          id: string;
          householdId: string | null;
          household: { members: { id: string }[] } | null;
          latestCheckup: { id: string } | null;
          prescriptions: { edges: unknown[] } | null;
        };
      }[];
    };
  };
  for (const { node } of patients.edges) {
    const { id, householdId, household, latestCheckup, prescriptions } = node;
    const neighbour = household?.members.find((one) => one.id !== id);
    if (!neighbour || !householdId || !latestCheckup || !prescriptions?.edges.length) continue;
    if ((await named('clinician-2', id)) !== null) continue;
    patient = { id, checkupId: latestCheckup.id, householdId };
    neighbourId = neighbour.id;
    return;
  }
  throw new Error('nobody out of reach of clinician-2 was examined and treated');
});
afterAll(() => stack.stop());

async function named(actor: string, id: string): Promise<string | null> {
  const { data } = await stack.ask(actor, 'query ($id: UUID!) { patient(id: $id) { id } }', { id });
  return (data?.['patient'] as { id: string } | null)?.id ?? null;
}

const opening = `mutation ($operation: OperationInput!, $input: BreakGlassInput!) {
  breakGlass(operation: $operation, input: $input) {
    verdict problems { code } grantId grant expiresAt
  }
}`;

interface Opened {
  readonly grantId: string;
  readonly grant: string;
  readonly expiresAt: string;
}

async function open(actor = 'clinician-2', patientId = patient.id): Promise<Opened> {
  const input = {
    patientId,
    reason: 'EMERGENCY',
    justification: 'Brought in after an accident on the road.',
  };
  const data = await stack.read(actor, opening, { operation: stack.operation(), input });
  // What the mutation answers; the tests look at each member.
  return data['breakGlass'] as Opened;
}

const whole = `query ($id: UUID!, $checkup: UUID!) {
  patient(id: $id) {
    name identifiers { value }
    household { label members { id } }
    institution { name } area { name }
    checkups(first: 5) { edges { node { id recordedBy { name } } } }
    prescriptions(first: 5) { edges { node { id state } } }
    allergies { id }
    accessHistory(first: 1) { edges { node { purpose } } }
  }
  checkup(id: $checkup) { id }
}`;

const readWhole = (actor: string, grant?: string, id = patient.id): Promise<Answer> =>
  stack.ask(
    actor,
    whole,
    { id, checkup: patient.checkupId },
    grant === undefined ? {} : { headers: { 'x-break-glass': grant } },
  );

test('without a grant there is nobody; with one there is the person, in all five subgraphs', async () => {
  const nobody = { patient: null, checkup: null };
  expect(await readWhole('clinician-2')).toMatchObject({ data: nobody, errors: [] });
  const { grant, expiresAt } = await open();
  const lastsMs = Date.parse(expiresAt) - systemClock.now().getTime();
  expect(lastsMs).toBeGreaterThan(0);
  expect(lastsMs).toBeLessThanOrEqual(3_600_000);
  await stack.settle();
  const { data, errors } = await readWhole('clinician-2', grant);
  expect(errors).toEqual([]);
  expect(data).toMatchObject({
    patient: {
      name: expect.any(String),
      household: { members: [{ id: patient.id }] },
      institution: { name: expect.any(String) },
      area: { name: expect.any(String) },
      checkups: { edges: expect.arrayContaining([expect.anything()]) },
      prescriptions: { edges: expect.arrayContaining([expect.anything()]) },
      allergies: expect.any(Array),
      accessHistory: { edges: [{ node: { purpose: 'treatment' } }] },
    },
    checkup: { id: patient.checkupId },
  });
});

test('nobody else is opened by it: no neighbour, and nothing in lists but this one person', async () => {
  const { grant } = await open();
  const { data } = await readWhole('clinician-2', grant, neighbourId);
  expect(data).toMatchObject({ patient: null });
  const ids = async (headers: Record<string, string>) => {
    const query = '{ patients(first: 200) { edges { node { id } } } }';
    const answer = await stack.ask('clinician-2', query, {}, { headers });
    const { edges } = answer.data?.['patients'] as { edges: { node: { id: string } }[] };
    return edges.map(({ node }) => node.id);
  };
  const own = await ids({});
  const opened = await ids({ 'x-break-glass': grant });
  expect(opened.toSorted()).toEqual([...own, patient.id].toSorted());
});

describe('a grant that does not hold is refused, and nothing is shown', () => {
  const refusals = (answer: Answer) => [
    ...new Set(answer.errors.map(({ extensions }) => `${extensions.code} ${extensions['reason']}`)),
  ];

  test('of another actor, of a health worker, tampered with, expired', async () => {
    const { grant, grantId } = await open();
    const refused = async (actor: string, text: string) => {
      const answer = await readWhole(actor, text);
      expect(Object.values(answer.data ?? {}).every((value) => value === null)).toBe(true);
      return refusals(answer);
    };
    const other = await refused('hospital-clinician-2', grant);
    expect(other).toEqual(['BREAK_GLASS_REFUSED OTHER_ACTOR']);
    const tampered = `${grant.slice(0, -8)}${grant.endsWith('AAAAAAAA') ? 'B' : 'A'}${grant.slice(-7)}`;
    expect(await refused('clinician-2', tampered)).toEqual(['BREAK_GLASS_REFUSED SIGNATURE']);
    const nowS = Math.floor(systemClock.now().getTime() / 1_000);
    const issuer = createBreakGlassIssuer({ key: stack.grantKey });
    const made = {
      grantId,
      patientId: patient.id,
      purpose: 'treatment' as const,
      reason: 'EMERGENCY' as const,
    };
    const late = await issuer.sign({
      ...{ ...made, actorId: stack.actor('clinician-2').staffId },
      ...{ issuedAt: nowS - 1_800, expiresAt: nowS - 1 },
    });
    expect(await refused('clinician-2', late)).toEqual(['BREAK_GLASS_REFUSED EXPIRED']);
    const workers = await issuer.sign({
      ...{ ...made, actorId: stack.actor('health-worker-3').staffId },
      ...{ issuedAt: nowS, expiresAt: nowS + 60 },
    });
    expect(await refused('health-worker-3', workers)).toEqual(['BREAK_GLASS_REFUSED PERMISSION']);
  });

  test('a health worker opens nothing', async () => {
    const input = { patientId: patient.id, reason: 'EMERGENCY', justification: 'I want to know.' };
    const variables = { operation: stack.operation(), input };
    const { data, errors } = await stack.ask('health-worker-3', opening, variables);
    expect(data?.['breakGlass'] ?? null).toBeNull();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  });

  test('closed, in every subgraph at once', async () => {
    const { grant, grantId } = await open();
    expect((await readWhole('clinician-2', grant)).errors).toEqual([]);
    await stack.read(
      'clinician-2',
      `mutation ($operation: OperationInput!, $input: CloseBreakGlassInput!) {
        closeBreakGlass(operation: $operation, input: $input) { verdict }
      }`,
      { operation: stack.operation(), input: { grantId } },
    );
    const answer = await readWhole('clinician-2', grant);
    expect(refusals(answer)).toEqual(['BREAK_GLASS_REFUSED CLOSED']);
    // Each subgraph refuses by itself, also one that is asked first.
    expect(answer.data).toEqual({ patient: null, checkup: null });
  });
});

test('a checkup is recorded under a grant, and both are on the record of the person', async () => {
  const { grant, grantId } = await open();
  const headers = { 'x-break-glass': grant };
  const checkupId = stack.newId();
  const record = `mutation ($operation: OperationInput!, $input: RecordCheckupInput!) {
    recordCheckup(operation: $operation, input: $input) { verdict problems { code } checkup { id } }
  }`;
  const input = {
    id: checkupId,
    patientId: patient.id,
    visitType: 'GENERAL',
    vitals: { pulsePerMin: 96 },
  };
  const variables = { operation: stack.operation(), input };
  const written = await stack.ask('clinician-2', record, variables, { headers });
  expect(written.errors).toEqual([]);
  expect(written.data).toMatchObject({
    recordCheckup: { verdict: 'APPLIED', checkup: { id: checkupId } },
  });
  await stack.settle();
  const history = await stack.read(
    'hospital-clinician-1',
    `query ($id: UUID!) { patient(id: $id) { accessHistory(first: 20, action: WRITE) { edges { node {
      actor { id } breakGlass { grantId reason } events { operation breakGlass { grantId } }
    } } } } }`,
    { id: patient.id },
  );
  const actor = { id: stack.actor('clinician-2').staffId };
  const breakGlass = { grantId, reason: 'EMERGENCY' };
  const { edges } = (history['patient'] as { accessHistory: { edges: unknown[] } }).accessHistory;
  for (const operation of ['breakGlass', 'recordCheckup']) {
    const events = expect.arrayContaining([
      expect.objectContaining({ operation, breakGlass: { grantId } }),
    ]);
    expect(edges).toContainEqual({ node: { actor, breakGlass, events } });
  }
  // Without the grant the writer sees their own entry no more than the rest.
  const query = 'query ($id: UUID!) { checkup(id: $id) { id } }';
  const later = await stack.ask('clinician-2', query, { id: checkupId });
  expect(later.data).toEqual({ checkup: null });
});

test('the auditor of the institution finds what was opened, why, and what was done with it', async () => {
  const { grant, grantId } = await open();
  await readWhole('clinician-2', grant);
  await stack.settle();
  const auditor = await stack.deployment.tokens.issue({
    id: stack.newId(),
    roles: ['auditor'],
    institutionId: stack.actor('clinician-2').institutionId,
    areaRoots: [],
    purposes: ['audit'],
  });
  const { data, errors } = await stack.ask(
    'clinician-2',
    `query ($patientId: UUID!) {
      breakGlassGrants(patientId: $patientId) { edges { node {
        id reason justification actor { id name } patientId } } }
      auditEvents(patientId: $patientId, breakGlass: true, first: 100) { edges { node {
        action subgraph breakGlass { grantId } } } }
      scoped: auditEvents(patientId: $patientId, breakGlass: false, first: 100) { edges { node {
        breakGlass { grantId } } } }
    }`,
    { patientId: patient.id },
    { token: auditor },
  );
  expect(errors).toEqual([]);
  type Edges = { edges: { node: Record<string, unknown> }[] };
  const nodes = (name: string) => (data?.[name] as Edges).edges.map(({ node }) => node);
  expect(nodes('breakGlassGrants')).toContainEqual({
    id: grantId,
    reason: 'EMERGENCY',
    justification: 'Brought in after an accident on the road.',
    actor: { id: stack.actor('clinician-2').staffId, name: expect.any(String) },
    patientId: patient.id,
  });
  const events = nodes('auditEvents').filter(
    (one) => (one['breakGlass'] as { grantId: string }).grantId === grantId,
  );
  const reached = new Set(events.map((one) => one['subgraph']));
  expect(reached).toEqual(new Set(['patient', 'clinical', 'prescription', 'audit']));
  expect(nodes('scoped').every((one) => one['breakGlass'] === null)).toBe(true);
});
