import { afterAll, beforeAll, expect, test } from 'vitest';
import { countStatements } from '@caregraph/database';
import { createTestTrail, readingsOf, second, type TestTrail } from '../test-trail.ts';

let trail: TestTrail;

beforeAll(async () => {
  trail = await createTestTrail();
});
afterAll(() => trail.stop());

const one = `query ($id: UUID!) { auditEvent(id: $id) {
  id occurredAt recordedAt action actor { id } clientId roles institution { id } device { id } purpose
  operation operationId subgraph outcome requestId accesses { edges { node { patient { id } types } } }
} }`;
const list = `query ($patientId: UUID, $actorId: UUID, $institutionId: UUID, $action: AuditAction,
    $purpose: String, $from: DateTime, $to: DateTime, $first: Int! = 50, $after: String) {
  auditEvents(patientId: $patientId, actorId: $actorId, institutionId: $institutionId,
      action: $action, purpose: $purpose, from: $from, to: $to, first: $first, after: $after) {
    edges { node { id } } pageInfo { hasNextPage endCursor }
  }
}`;
const staff = `query ($ids: [_Any!]!, $first: Int! = 50, $after: String, $from: DateTime, $to: DateTime) {
  _entities(representations: $ids) { ... on Staff {
    id accesses(first: $first, after: $after, from: $from, to: $to) {
      edges { node { id } } pageInfo { hasNextPage endCursor }
    }
  } }
}`;

interface Page {
  readonly edges: { node: { id: string } }[];
  readonly pageInfo: { hasNextPage: boolean; endCursor: string };
}
const idsOf = (page: unknown) => (page as Page).edges.map(({ node }) => node.id);
const staffRef = (id: string) => ({ __typename: 'Staff', id });

async function ask(token: string, query: string, variables: Record<string, unknown>) {
  const answer = await trail.ask(token, query, variables);
  expect(answer.errors).toEqual([]);
  return answer.data ?? {};
}

async function stored(id: string) {
  const { rows } = await trail.pool.query(
    `SELECT (SELECT count(*)::int FROM audit_event WHERE id = $1) AS events,
       (SELECT count(*)::int FROM audit_access WHERE event_id = $1) AS accesses,
       (SELECT count(*)::int FROM access_record WHERE event_id = $1) AS records,
       (SELECT state FROM inbox_message WHERE id = $1) AS state`,
    [id],
  );
  return rows[0] as unknown;
}

function actor(over: Record<string, unknown> = {}) {
  const { institutionId, ids } = trail;
  return { id: ids.next(), clientId: 'ward-app', roles: ['clinician'], institutionId, ...over };
}

test('an event is shown with everything it told', async () => {
  const patientId = await trail.patient();
  const [deviceId, operationId] = [trail.ids.next(), trail.ids.next()];
  const by = actor({ deviceId });
  const event = trail.access({
    action: 'WRITE',
    actor: by,
    at: '2026-03-01T08:00:00.123Z',
    recordedAt: second(1),
    operation: 'recordCheckup',
    operationId,
    outcome: 'MERGED',
    accesses: [{ patientId, types: ['Task', 'Checkup'] }],
  });
  await trail.receive([event]);
  const { auditEvent } = await ask(await trail.auditor(), one, { id: event.id });
  expect(auditEvent).toEqual({
    id: event.id,
    occurredAt: '2026-03-01T08:00:00.123Z',
    recordedAt: second(1),
    action: 'WRITE',
    actor: { id: by.id },
    clientId: 'ward-app',
    roles: ['clinician'],
    institution: { id: trail.institutionId },
    device: { id: deviceId },
    purpose: 'treatment',
    operation: 'recordCheckup',
    operationId,
    subgraph: 'clinical',
    outcome: 'MERGED',
    requestId: event.data.requestId,
    accesses: { edges: [{ node: { patient: { id: patientId }, types: ['Checkup', 'Task'] } }] },
  });
});

test('a partner system is named by its client and not as staff', async () => {
  const [byName, byId] = ['lab-exchange', trail.ids.next()].map((id) =>
    trail.access({ actor: actor({ id, clientId: 'lab-exchange', roles: ['partner'] }) }),
  );
  if (!byName || !byId) throw new Error('two events were made');
  await trail.receive([byName, byId]);
  for (const { id } of [byName, byId]) {
    const { auditEvent } = await ask(await trail.auditor(), one, { id });
    expect(auditEvent).toMatchObject({ actor: null, clientId: 'lab-exchange', device: null });
  }
});

test('the same event again is kept once, in one batch, in two, and after the inbox forgot', async () => {
  const patientId = await trail.patient();
  const event = trail.access({ accesses: [{ patientId, types: ['Checkup'] }] });
  await trail.receive([event, event]);
  await trail.receive([event]);
  await trail.pool.query('DELETE FROM inbox_message WHERE id = $1', [event.id]);
  await trail.receive([event]);
  expect(await stored(event.id)).toEqual({ events: 1, accesses: 1, records: 1, state: 'TAKEN' });
});

test('twenty deliveries at once of the same events keep each once', async () => {
  const patients = await Promise.all([trail.patient(), trail.patient(), trail.patient()]);
  const accesses = patients.map((patientId) => ({ patientId, types: ['Patient'] }));
  const events = Array.from({ length: 5 }, () => trail.access({ accesses }));
  await Promise.all(Array.from({ length: 20 }, () => trail.receive(events)));
  for (const { id } of events) {
    expect(await stored(id)).toEqual({ events: 1, accesses: 3, records: 3, state: 'TAKEN' });
  }
});

test('subgraphs that tell of one request at the same time make one line of it', async () => {
  const patients = await Promise.all(Array.from({ length: 8 }, () => trail.patient()));
  const [requestId, by] = [trail.ids.next(), actor()];
  const accesses = patients.map((patientId) => ({ patientId, types: ['Patient'] }));
  const told = Array.from({ length: 6 }, (_, n) => {
    const ordered = n % 2 === 0 ? accesses : accesses.toReversed();
    return trail.access({ requestId, actor: by, accesses: ordered });
  });
  await Promise.all(told.map((event) => trail.receive([event])));
  const count = 'SELECT count(*)::int AS n FROM';
  const { rows: lines } = await trail.pool.query(`${count} access_record WHERE request_id = $1`, [
    requestId,
  ]);
  const { rows: kept } = await trail.pool.query(`${count} audit_access WHERE request_id = $1`, [
    requestId,
  ]);
  expect([lines, kept]).toEqual([[{ n: 8 }], [{ n: 48 }]]);
});

test('a patient whom an event names twice is one access with all types', async () => {
  const patientId = await trail.patient();
  const accesses = [
    { patientId, types: ['Task'] },
    { patientId, types: ['Checkup', 'Task'] },
  ];
  const event = trail.access({ accesses });
  await trail.receive([event]);
  const { auditEvent } = await ask(await trail.clinician(), one, { id: event.id });
  expect(auditEvent).toMatchObject({
    accesses: { edges: [{ node: { patient: { id: patientId }, types: ['Checkup', 'Task'] } }] },
  });
});

test("an access that arrives before its patient is nobody's until the patient does", async () => {
  const { ids, here } = trail;
  const patientId = ids.next();
  const event = trail.access({ accesses: [{ patientId, types: ['Patient'] }] });
  await trail.receive([event]);
  const [clinician, reader] = [
    await trail.clinician(),
    await trail.clinician({ id: event.data.actor.id, areaRoots: [] }),
  ];
  for (const token of [clinician, reader]) {
    expect(await ask(token, one, { id: event.id })).toEqual({ auditEvent: null });
  }
  const data = { patientId, areaId: here, institutionId: ids.next(), authorId: ids.next() };
  await trail.receive([
    {
      ...event,
      id: ids.next(),
      type: 'org.caregraph.patient.placed.v1',
      data: { ...data, status: 'ACTIVE', version: 1 },
    },
  ]);
  expect(await ask(clinician, one, { id: event.id })).toMatchObject({
    auditEvent: { id: event.id },
  });
});

test('an event that can never be taken is set aside and does not hold up the others', async () => {
  const [before, after] = [trail.access(), trail.access()];
  const noAction = trail.access({ action: 'PEEK' as 'READ' });
  const noOutcome = trail.access({ outcome: '' });
  await trail.receive([before, noAction, noOutcome, after]);
  const taken = { events: 1, accesses: 0, records: 0, state: 'TAKEN' };
  const aside = { events: 0, accesses: 0, records: 0, state: 'SET_ASIDE' };
  expect(await stored(before.id)).toEqual(taken);
  expect(await stored(noAction.id)).toEqual(aside);
  expect(await stored(noOutcome.id)).toEqual(aside);
  expect(await stored(after.id)).toEqual(taken);
});

test.each(['audit_event', 'audit_access', 'access_record'])(
  'rows of %s are written once',
  async (table) => {
    const accesses = [{ patientId: await trail.patient(), types: ['Patient'] }];
    await trail.receive([trail.access({ accesses })]);
    // What earlier tests read comes back as events of its own: it must have arrived before.
    expect(await trail.subgraph.settleEvents(10_000)).toBe(true);
    const all = async () => (await trail.pool.query(`SELECT * FROM ${table}`)).rows as unknown[];
    const before = await all();
    const column = table === 'audit_access' ? 'types' : 'purpose';
    const changes = [
      `UPDATE ${table} SET ${column} = ${column}`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table} CASCADE`,
    ];
    for (const change of changes) {
      await expect(trail.pool.query(change)).rejects.toMatchObject({ code: 'WO001' });
    }
    expect(before).not.toEqual([]);
    expect(await all()).toEqual(before);
  },
);

test("an auditor sees the institution's own doings and patients in scope, and nothing else", async () => {
  const [mine, theirs] = [await trail.patient(trail.here), await trail.patient(trail.elsewhere)];
  const purpose = 'care_coordination';
  const ownActor = trail.access({
    purpose,
    actor: actor(),
    accesses: [{ patientId: theirs, types: ['Patient'] }],
    at: second(3),
  });
  const inScope = trail.access({
    purpose,
    accesses: [mine, theirs].map((patientId) => ({ patientId, types: ['Patient'] })),
    at: second(2),
  });
  const foreign = trail.access({
    purpose,
    accesses: [{ patientId: theirs, types: ['Patient'] }],
    at: second(1),
  });
  await trail.receive([foreign, inScope, ownActor]);
  const auditor = await trail.auditor({ areaRoots: [trail.here] });
  const { auditEvents } = await ask(auditor, list, { purpose });
  expect(idsOf(auditEvents)).toEqual([ownActor.id, inScope.id]);
  expect(await ask(auditor, one, { id: foreign.id })).toEqual({ auditEvent: null });
  const own = await ask(auditor, one, { id: ownActor.id });
  expect(own).toMatchObject({
    auditEvent: { accesses: { edges: [{ node: { patient: { id: theirs } } }] } },
  });
  const shared = await ask(auditor, one, { id: inScope.id });
  expect(shared).toMatchObject({
    auditEvent: { accesses: { edges: [{ node: { patient: { id: mine } } }] } },
  });

  const stranger = await trail.auditor({ institutionId: trail.ids.next() });
  expect(idsOf((await ask(stranger, list, { purpose }))['auditEvents'])).toEqual([]);
  for (const { id } of [ownActor, inScope, foreign]) {
    expect(await ask(stranger, one, { id })).toEqual({ auditEvent: null });
    const entity = `query ($id: [_Any!]!) { _entities(representations: $id) { ... on AuditEvent { id outcome } } }`;
    const reference = { id: [{ __typename: 'AuditEvent', id }] };
    expect(await ask(stranger, entity, reference)).toEqual({ _entities: [null] });
  }
});

test('who may not read audits is refused, and a clinician sees patients but not institutions', async () => {
  const event = trail.access({ actor: actor() });
  await trail.receive([event]);
  const worker = await trail.token({ areaRoots: [trail.here] });
  const clinician = await trail.clinician({ institutionId: trail.institutionId });
  const refused = [
    [worker, one, { id: event.id }],
    [worker, list, {}],
    [worker, staff, { ids: [staffRef(event.data.actor.id)] }],
    [clinician, list, {}],
    [clinician, staff, { ids: [staffRef(event.data.actor.id)] }],
  ] as const;
  for (const [token, query, variables] of refused) {
    const answer = await trail.ask(token, query, variables);
    expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  }
  expect(await ask(clinician, one, { id: event.id })).toEqual({ auditEvent: null });
});

test("an event's actor is no way around the policy of what staff did", async () => {
  const patientId = await trail.patient();
  const event = trail.access({ actor: actor(), accesses: [{ patientId, types: ['Patient'] }] });
  await trail.receive([event]);
  const around = `query ($id: UUID!) { auditEvent(id: $id) { id actor { accesses { edges { node { id } } } } } }`;
  const answer = await trail.ask(await trail.clinician(), around, { id: event.id });
  expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  expect(answer.data).toEqual({ auditEvent: { id: event.id, actor: { accesses: null } } });
});

test('what a staff member did is listed for the institution they did it at', async () => {
  const by = actor();
  const events = [4, 1, 3, 2].map((n) => trail.access({ actor: by, at: second(n) }));
  const abroad = trail.access({ actor: { ...by, institutionId: trail.ids.next() }, at: second(2) });
  await trail.receive([...events, abroad]);
  const [fourth, first, third, last] = events.map(({ id }) => id);
  const auditor = await trail.auditor();
  const asked = async (token: string, over = {}) => {
    const data = await ask(token, staff, { ids: [staffRef(by.id)], ...over });
    return (data['_entities'] as { accesses: Page }[])[0]?.accesses;
  };
  expect(idsOf(await asked(auditor))).toEqual([fourth, third, last, first]);
  expect(idsOf(await asked(auditor, { from: second(2), to: second(4) }))).toEqual([third, last]);
  const page = await asked(auditor, { first: 2 });
  expect(page?.pageInfo.hasNextPage).toBe(true);
  await trail.receive([trail.access({ actor: by, at: second(9) })]);
  const next = await asked(auditor, { first: 2, after: page?.pageInfo.endCursor });
  expect(idsOf(next)).toEqual([last, first]);
  const stranger = await trail.auditor({ institutionId: trail.ids.next() });
  expect(idsOf(await asked(stranger))).toEqual([]);
});

test('a list is narrowed by each of its filters', async () => {
  const patientId = await trail.patient();
  const by = actor();
  const wanted = trail.access({
    action: 'WRITE',
    purpose: 'public_health',
    actor: by,
    at: second(5),
    accesses: [{ patientId, types: ['Checkup'] }],
  });
  await trail.receive([wanted, trail.access({ actor: actor(), at: second(6) })]);
  const auditor = await trail.auditor();
  const narrow = async (filter: Record<string, unknown>) =>
    idsOf((await ask(auditor, list, { first: 200, ...filter }))['auditEvents']).includes(wanted.id);
  const { ids, institutionId } = trail;
  const pairs: [Record<string, unknown>, Record<string, unknown>][] = [
    [{ patientId }, { patientId: ids.next() }],
    [{ actorId: by.id }, { actorId: ids.next() }],
    [{ institutionId }, { institutionId: ids.next() }],
    [{ action: 'WRITE' }, { action: 'READ' }],
    [{ purpose: 'public_health' }, { purpose: 'treatment' }],
    [{ from: second(5) }, { from: second(6) }],
    [{ to: second(6) }, { to: second(5) }],
  ];
  for (const [fits, fails] of pairs) {
    expect([fits, await narrow(fits)]).toEqual([fits, true]);
    expect([fails, await narrow(fails)]).toEqual([fails, false]);
  }
});

test('pages of events stay stable under inserts, and a cursor fits only its own filter', async () => {
  const by = actor();
  const tell = async (seconds: number[]) => {
    const events = seconds.map((n) => trail.access({ actor: by, at: second(n) }));
    await trail.receive(events);
    return events.map(({ id }) => id);
  };
  // Two at one instant: the id decides.
  const [five, three, other, one] = await tell([5, 3, 3, 1]);
  const auditor = await trail.auditor();
  const page = async (over: Record<string, unknown>) =>
    (await ask(auditor, list, { actorId: by.id, first: 2, ...over }))['auditEvents'] as Page;
  const first = await page({});
  expect(idsOf(first)).toEqual([five, other]);
  await tell([6, 4]);
  const [two] = await tell([2]);
  const second2 = await page({ after: first.pageInfo.endCursor });
  expect(idsOf(second2)).toEqual([three, two]);
  const last = await page({ after: second2.pageInfo.endCursor });
  expect(idsOf(last)).toEqual([one]);
  expect(last.pageInfo.hasNextPage).toBe(false);
  const foreign = await trail.ask(auditor, list, { first: 2, after: first.pageInfo.endCursor });
  expect(foreign.errors[0]?.extensions.code).toBe('CURSOR_INVALID');
});

test('the patients of an event are paged, and whoever sees them leaves a trace', async () => {
  const patients = await Promise.all([trail.patient(), trail.patient(), trail.patient()]);
  const accesses = patients.map((patientId) => ({ patientId, types: ['Patient'] }));
  const event = trail.access({ actor: actor(), accesses });
  await trail.receive([event]);
  const query = `query ($id: UUID!, $after: String) { auditEvent(id: $id) {
    accesses(first: 2, after: $after) { edges { node { patient { id } } } pageInfo { hasNextPage endCursor } }
  } }`;
  const id = trail.ids.next();
  const auditor = await trail.auditor({ id });
  const first = await ask(auditor, query, { id: event.id });
  const page = (first['auditEvent'] as { accesses: Page }).accesses;
  const shown = (one: Page) =>
    one.edges.map(({ node }) => (node as unknown as { patient: { id: string } }).patient.id);
  const sorted = patients.toSorted();
  expect(shown(page)).toEqual(sorted.slice(0, 2));
  expect(await trail.subgraph.settleEvents(5_000)).toBe(true);
  const traced = async () => {
    const { rows } = await trail.pool.query<{ patient_id: string }>(
      `SELECT patient_id FROM audit_access JOIN audit_event ON id = event_id WHERE actor_id = $1
       ORDER BY patient_id`,
      [id],
    );
    return rows.map((row) => row.patient_id);
  };
  expect(await traced()).toEqual(sorted.slice(0, 2));
  const rest = await ask(auditor, query, { id: event.id, after: page.pageInfo.endCursor });
  expect(shown((rest['auditEvent'] as { accesses: Page }).accesses)).toEqual(sorted.slice(2));
  expect(await trail.subgraph.settleEvents(5_000)).toBe(true);
  expect(await traced()).toEqual(sorted);
});

test('a thousand events of fifty patients each are taken, in as few statements as one', async () => {
  const patients = await Promise.all(Array.from({ length: 50 }, () => trail.patient()));
  const accesses = patients.map((patientId) => ({ patientId, types: ['Patient'] }));
  const events = Array.from({ length: 1_000 }, () => trail.access({ accesses }));
  for (let n = 0; n < events.length; n += 200) await trail.receive(events.slice(n, n + 200));
  const { rows } = await trail.pool.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM audit_access WHERE patient_id = ANY($1)',
    [patients],
  );
  expect(rows).toEqual([{ n: 50_000 }]);
  const batch = Array.from({ length: 20 }, () => trail.access({ accesses }));
  const { statements } = await countStatements(trail.pool, () => trail.receive(batch));
  expect(statements.filter((sql) => sql.includes('INSERT INTO'))).toHaveLength(2);
});

test('the number of statements does not grow with the number of staff or events', async () => {
  const people = Array.from({ length: 50 }, () => actor());
  const patientId = await trail.patient();
  const accesses = [{ patientId, types: ['Patient'] }];
  await trail.receive(
    people.flatMap((by) => [1, 2].map((n) => trail.access({ actor: by, at: second(n), accesses }))),
  );
  const auditor = await trail.auditor();
  const deep = `query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Staff {
    accesses(first: 5) { edges { node { id accesses { edges { node { types } } } } } }
  } } }`;
  const cost = async (n: number) => {
    const ids = people.slice(0, n).map(({ id }) => staffRef(id));
    const { result, statements } = await countStatements(trail.pool, () =>
      trail.ask(auditor, deep, { ids }),
    );
    expect(result.errors).toEqual([]);
    expect(await trail.subgraph.settleEvents(5_000)).toBe(true);
    return readingsOf(statements);
  };
  await cost(50);
  expect(await cost(50)).toBe(await cost(2));
});
