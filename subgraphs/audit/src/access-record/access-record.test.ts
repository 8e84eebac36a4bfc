import { afterAll, beforeAll, expect, test } from 'vitest';
import { countStatements } from '@caregraph/database';
import { createTestTrail, readingsOf, second, type TestTrail } from '../test-trail.ts';

let trail: TestTrail;

beforeAll(async () => {
  trail = await createTestTrail();
});
afterAll(() => trail.stop());

const history = `query ($patients: [_Any!]!, $first: Int! = 50, $after: String, $action: AuditAction) {
  _entities(representations: $patients) { ... on Patient {
    id accessHistory(first: $first, after: $after, action: $action) {
      edges { node {
        requestId occurredAt actor { id } clientId purpose actions subgraphs types
        events { id action subgraph outcome }
      } }
      pageInfo { hasNextPage endCursor }
    }
  } }
}`;

interface Line {
  readonly requestId: string;
  readonly events: { id: string }[];
}
interface History {
  readonly edges: { node: Line }[];
  readonly pageInfo: { hasNextPage: boolean; endCursor: string };
}
const patientRef = (id: string) => ({ __typename: 'Patient', id });
const requestsOf = (page: History | null | undefined) =>
  page?.edges.map(({ node }) => node.requestId);

async function read(token: string, ids: readonly string[], over: Record<string, unknown> = {}) {
  const answer = await trail.ask(token, history, { patients: ids.map(patientRef), ...over });
  expect(answer.errors).toEqual([]);
  const entities = answer.data?.['_entities'] as { id: string; accessHistory: History | null }[];
  return entities.map(({ accessHistory }) => accessHistory);
}

const readOne = async (token: string, id: string, over: Record<string, unknown> = {}) =>
  (await read(token, [id], over))[0];

const of = (patientId: string, types = ['Patient']) => [{ patientId, types }];

test('what one request did in several subgraphs is one line', async () => {
  const patientId = await trail.patient();
  const { actor, requestId } = trail.access().data;
  const request = { requestId, actor };
  const events = [
    trail.access({ ...request, subgraph: 'patient', at: second(1), accesses: of(patientId) }),
    trail.access({ ...request, at: second(2), accesses: of(patientId, ['Checkup', 'Task']) }),
    trail.access({
      ...request,
      at: second(3),
      action: 'WRITE',
      outcome: 'APPLIED',
      accesses: of(patientId, ['Checkup']),
    }),
  ];
  for (const event of events) await trail.receive([event]);
  const page = await readOne(await trail.clinician(), patientId);
  expect(page?.edges).toEqual([
    {
      node: {
        requestId,
        occurredAt: second(1),
        actor: { id: actor.id },
        clientId: 'ward-app',
        purpose: 'treatment',
        actions: ['READ', 'WRITE'],
        subgraphs: ['patient', 'clinical'],
        types: ['Checkup', 'Patient', 'Task'],
        events: events.map(({ id, data }) => ({
          id,
          action: data.action,
          subgraph: data.subgraph,
          outcome: data.outcome,
        })),
      },
    },
  ]);
});

test('another actor, client or purpose under the same request id is a line of its own', async () => {
  const patientId = await trail.patient();
  const { data } = trail.access({ accesses: of(patientId) });
  const forged = [
    { actor: { ...data.actor, id: trail.ids.next() } },
    { actor: { ...data.actor, clientId: 'other-app' } },
    { purpose: 'public_health' },
  ];
  await trail.receive([
    trail.access(data),
    ...forged.map((one) => trail.access({ ...data, ...one })),
  ]);
  const page = await readOne(await trail.clinician(), patientId);
  expect(page?.edges.map(({ node }) => [node.requestId, node.events.length])).toEqual(
    Array.from({ length: 4 }, () => [data.requestId, 1]),
  );
});

test('a partner system in a history is named by its client', async () => {
  const patientId = await trail.patient();
  const actor = { ...trail.access().data.actor, clientId: 'lab-exchange', roles: ['partner'] };
  await trail.receive([trail.access({ actor, accesses: of(patientId) })]);
  const page = await readOne(await trail.clinician(), patientId);
  expect(page?.edges).toMatchObject([{ node: { actor: null, clientId: 'lab-exchange' } }]);
});

test('a history is newest first by when it happened, whatever the order of arrival', async () => {
  const patientId = await trail.patient();
  const events = [2, 9, 5].map((n) => trail.access({ at: second(n), accesses: of(patientId) }));
  await trail.receive(events);
  const [two, nine, five] = events.map(({ data }) => data.requestId);
  expect(requestsOf(await readOne(await trail.clinician(), patientId))).toEqual([nine, five, two]);
});

test('a history is narrowed to requests that did something', async () => {
  const patientId = await trail.patient();
  const [opened, wrote, both] = [1, 2, 3].map((n) =>
    trail.access({ at: second(n), accesses: of(patientId) }),
  );
  if (!opened || !wrote || !both) throw new Error('three events were made');
  const writing = { action: 'WRITE' as const, outcome: 'APPLIED' };
  await trail.receive([
    opened,
    trail.access({ ...wrote.data, ...writing }),
    both,
    trail.access({ ...both.data, ...writing }),
  ]);
  const clinician = await trail.clinician();
  const shown = async (action: string) =>
    requestsOf(await readOne(clinician, patientId, { action }));
  // The readings above are recorded too, and may or may not have arrived.
  expect(await shown('WRITE')).toEqual([both.data.requestId, wrote.data.requestId]);
  expect((await shown('READ'))?.slice(-2)).toEqual([both.data.requestId, opened.data.requestId]);
});

test('pages of a history stay stable under inserts, and a cursor fits only its patient', async () => {
  const [patientId, other] = [await trail.patient(), await trail.patient()];
  const tell = async (seconds: number[]) => {
    const events = seconds.map((n) => trail.access({ at: second(n), accesses: of(patientId) }));
    await trail.receive(events);
    return events.map(({ data }) => data.requestId);
  };
  const [five, three, alsoThree, one] = await tell([5, 3, 3, 1]);
  const clinician = await trail.clinician();
  const first = await readOne(clinician, patientId, { first: 2 });
  expect(requestsOf(first)).toEqual([five, alsoThree]);
  await tell([6, 4]);
  const [two] = await tell([2]);
  const after = first?.pageInfo.endCursor;
  const next = await readOne(clinician, patientId, { first: 2, after });
  expect(requestsOf(next)).toEqual([three, two]);
  const last = await readOne(clinician, patientId, { first: 2, after: next?.pageInfo.endCursor });
  expect([requestsOf(last), last?.pageInfo.hasNextPage]).toEqual([[one], false]);
  const foreign = await trail.ask(clinician, history, {
    patients: [patientRef(other)],
    after,
    first: 2,
  });
  expect(foreign.errors.map(({ extensions }) => extensions.code)).toEqual(['CURSOR_INVALID']);
});

test('a history out of scope is null, whoever asks, and leaves no trace', async () => {
  const patientId = await trail.patient(trail.elsewhere);
  const unknown = trail.ids.next();
  const by = { ...trail.access().data.actor, institutionId: trail.institutionId };
  await trail.receive([trail.access({ actor: by, accesses: of(patientId) })]);
  const tokens = [
    await trail.clinician(),
    await trail.auditor({ institutionId: trail.ids.next() }),
    await trail.auditor({ areaRoots: [trail.here] }),
  ];
  for (const token of tokens) expect(await read(token, [patientId, unknown])).toEqual([null, null]);
  const near = await trail.clinician({ areaRoots: [trail.elsewhere] });
  expect(requestsOf(await readOne(near, patientId))).toHaveLength(1);
  expect(await trail.subgraph.settleEvents(5_000)).toBe(true);
  const { rows } = await trail.pool.query(
    'SELECT count(*)::int AS n FROM audit_access WHERE patient_id = ANY($1)',
    [[patientId, unknown]],
  );
  expect(rows).toEqual([{ n: 2 }]);
});

test.each(['health_worker', 'pharmacist', 'partner', 'platform_admin'] as const)(
  'a %s may not read who opened a record',
  async (role) => {
    const patientId = await trail.patient();
    const token = await trail.token({ roles: [role], areaRoots: [trail.here] });
    const answer = await trail.ask(token, history, { patients: [patientRef(patientId)] });
    expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    expect(answer.data).toEqual({ _entities: [null] });
  },
);

test('reading a history is in the history, once, and recording it tells nobody', async () => {
  const patientId = await trail.patient();
  const reader = trail.ids.next();
  const clinician = await trail.clinician({ id: reader });
  expect(requestsOf(await readOne(clinician, patientId))).toEqual([]);
  expect(await trail.subgraph.settleEvents(5_000)).toBe(true);
  const outbox = async () => {
    const { rows } = await trail.pool.query<{ data: unknown }>(
      `SELECT data FROM outbox_event WHERE data @> $1 ORDER BY position`,
      [JSON.stringify({ actor: { id: reader } })],
    );
    return rows.map((row) => row.data);
  };
  expect(await outbox()).toMatchObject([{ accesses: [{ patientId, types: ['AuditEvent'] }] }]);
  const { rows } = await trail.pool.query('SELECT 1 FROM audit_event WHERE actor_id = $1', [
    reader,
  ]);
  expect(rows).toHaveLength(1);
  const page = await readOne(await trail.clinician(), patientId);
  expect(page?.edges).toMatchObject([
    { node: { actor: { id: reader }, subgraphs: ['audit'], types: ['AuditEvent'] } },
  ]);
  expect(await outbox()).toHaveLength(1);
});

test('the number of statements does not grow with the number of patients', async () => {
  const patients = await Promise.all(Array.from({ length: 50 }, () => trail.patient()));
  for (let n = 0; n < 4; n += 1) {
    await trail.receive(patients.map((id) => trail.access({ at: second(n), accesses: of(id) })));
  }
  const clinician = await trail.clinician();
  const cost = async (n: number) => {
    const asked = patients.slice(0, n);
    const { result, statements } = await countStatements(trail.pool, () =>
      read(clinician, asked, { first: 3 }),
    );
    expect(result.map((page) => page?.edges.length)).toEqual(asked.map(() => 3));
    expect(await trail.subgraph.settleEvents(5_000)).toBe(true);
    return readingsOf(statements);
  };
  await cost(50);
  expect(await cost(50)).toBe(await cost(2));
});
