import { afterAll, beforeAll, expect, test } from 'vitest';
import { startJourney, type JourneyStack } from './test-stack.ts';

/** Who did what to a record, and that nothing is answered that cannot be put on record. */

let stack: JourneyStack;
beforeAll(async () => {
  stack = await startJourney({ households: 6 });
});
afterAll(() => stack.stop());

interface History {
  readonly requestId: string;
  readonly actor: { readonly id: string };
  readonly clientId: string;
  readonly purpose: string;
  readonly actions: readonly string[];
  readonly subgraphs: readonly string[];
  readonly types: readonly string[];
  readonly events: readonly { readonly operation: string; readonly outcome: string }[];
}

async function historyOf(id: string): Promise<History[]> {
  await stack.settle();
  const data = await stack.read(
    'hospital-clinician-1',
    `query History($id: UUID!) {
      patient(id: $id) {
        accessHistory(first: 20) {
          edges {
            node {
              requestId clientId purpose actions subgraphs types
              actor { id }
              events { operation outcome }
            }
          }
        }
      }
    }`,
    { id },
  );
  const { accessHistory } = data['patient'] as { accessHistory: { edges: { node: History }[] } };
  return accessHistory.edges.map(({ node }) => node);
}

/** Somebody of the first block, out of reach of clinician-2. */
async function somebody(): Promise<string> {
  const data = await stack.read('clinician-1', `{ patients(first: 1) { edges { node { id } } } }`);
  const { edges } = data['patients'] as { edges: { node: { id: string } }[] };
  return edges[0]?.node.id ?? 'nobody';
}

test('a read over three subgraphs is one entry with who, why and what', async () => {
  const id = await somebody();
  const before = await historyOf(id);
  const answer = await stack.ask(
    'hospital-clinician-2',
    `query ($id: UUID!) { patient(id: $id) { name checkups { edges { node { id } } }
      prescriptions { edges { node { id } } } } }`,
    { id },
    { headers: { 'x-purpose': 'care_coordination' } },
  );
  expect(answer.errors).toEqual([]);
  const known = new Set(before.map(({ requestId }) => requestId));
  const { staffId } = stack.actor('hospital-clinician-2');
  const fresh = (await historyOf(id)).filter(
    ({ requestId, actor }) => !known.has(requestId) && actor.id === staffId,
  );
  expect(fresh).toHaveLength(1);
  expect(fresh[0]).toMatchObject({
    clientId: 'embedded',
    purpose: 'care_coordination',
    actions: ['READ'],
    subgraphs: expect.arrayContaining(['patient']),
    types: expect.arrayContaining(['Patient']),
  });
  expect(fresh[0]?.events[0]).toMatchObject({ operation: 'patient', outcome: 'SERVED' });
});

const update = `mutation ($operation: OperationInput!, $input: UpdatePatientInput!) {
  updatePatient(operation: $operation, input: $input) { verdict }
}`;

test('a write is there with its verdict, one that was set aside too', async () => {
  const id = await somebody();
  const written = await stack.read('hospital-clinician-2', update, {
    operation: stack.operation(),
    input: { patientId: id, phone: '+915500000001' },
  });
  expect(written).toMatchObject({ updatePatient: { verdict: 'APPLIED' } });
  const [latest] = (await historyOf(id)).filter(({ actions }) => actions.includes('WRITE'));
  expect(latest?.actor.id).toBe(stack.actor('hospital-clinician-2').staffId);
  expect(latest?.events.map(({ operation, outcome }) => `${operation} ${outcome}`)).toContain(
    'updatePatient APPLIED',
  );
  // Somebody out of reach tried as well.
  const tried = await stack.read('clinician-2', update, {
    operation: stack.operation(),
    input: { patientId: id, phone: '+915500000002' },
  });
  expect(tried).toMatchObject({ updatePatient: { verdict: 'QUARANTINED' } });
  const [kept] = (await historyOf(id)).filter(({ actions }) => actions.includes('WRITE'));
  expect(kept?.actor.id).toBe(stack.actor('clinician-2').staffId);
  expect(kept?.events.map(({ outcome }) => outcome)).toEqual(['QUARANTINED']);
});

test('a read that cannot be put on record is refused, and comes back with its outbox', async () => {
  const { patient } = stack.deployment.pools;
  const id = await somebody();
  const read = () =>
    stack.ask(
      'hospital-clinician-1',
      `query ($id: UUID!) { patient(id: $id) { name checkups { edges { node { id } } } } }`,
      { id },
    );
  await stack.settle();
  await patient.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'disk full'; END $$`);
  await patient.query(
    `CREATE TRIGGER refuse BEFORE INSERT ON outbox_event EXECUTE FUNCTION refuse()`,
  );
  try {
    const { data, errors } = await read();
    expect(data?.['patient'] ?? null).toBeNull();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['AUDIT_UNAVAILABLE']);
    expect(JSON.stringify(errors)).not.toContain('disk full');
    // The same for a write: neither the answer nor the change.
    const rows = 'SELECT count(*)::int AS n FROM operation_record';
    const before = await patient.query(rows);
    const written = await stack.ask('hospital-clinician-1', update, {
      operation: stack.operation(),
      input: { patientId: id, address: 'nowhere' },
    });
    expect(written.data?.['updatePatient'] ?? null).toBeNull();
    expect(written.errors.length).toBeGreaterThan(0);
    expect((await patient.query(rows)).rows).toEqual(before.rows);
  } finally {
    await patient.query('DROP TRIGGER refuse ON outbox_event');
  }
  expect((await read()).errors).toEqual([]);
});
