import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestTrail, type TestTrail } from '../test-trail.ts';

/** How it shows that a record was opened outside of somebody's scope. */

let trail: TestTrail;
beforeAll(async () => {
  trail = await createTestTrail();
});
afterAll(() => trail.stop());

type Edges = { edges: { node: Record<string, unknown> }[] };

test('the history of the one who was opened says so, that of who was read besides does not', async () => {
  const [opened, besides] = [await trail.patient(), await trail.patient()];
  const grantId = trail.ids.next();
  const types = ['Checkup'];
  const marked = trail.access({
    breakGlass: { grantId, patientId: opened, reason: 'EMERGENCY' },
    accesses: [
      { patientId: opened, types },
      { patientId: besides, types },
    ],
  });
  await trail.receive([marked, trail.access({ accesses: [{ patientId: opened, types }] })]);
  const history = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Patient {
    accessHistory { edges { node { requestId breakGlass { grantId reason } } } } } } }`;
  const of = [opened, besides].map((id) => ({ __typename: 'Patient', id }));
  const { data, errors } = await trail.ask(await trail.clinician(), history, { of });
  expect(errors).toEqual([]);
  const [first, second] = (data?.['_entities'] as { accessHistory: Edges }[]).map(
    ({ accessHistory }) =>
      accessHistory.edges
        .filter(({ node }) => node['requestId'] === marked.data.requestId)
        .map(({ node }) => node['breakGlass']),
  );
  expect(first).toEqual([{ grantId, reason: 'EMERGENCY' }]);
  expect(second).toEqual([null]);
});

test('an auditor lists what was opened, and what was not', async () => {
  const patientId = await trail.patient(trail.elsewhere);
  const grantId = trail.ids.next();
  const actor = {
    ...{ id: trail.ids.next(), clientId: 'ward-app', roles: ['clinician'] },
    institutionId: trail.institutionId,
  };
  const accesses = [{ patientId, types: ['Checkup'] }];
  const breakGlass = { grantId, patientId, reason: 'EMERGENCY' };
  await trail.receive([
    trail.access({ actor, accesses, breakGlass }),
    trail.access({ actor, accesses }),
  ]);
  const list = `query ($actorId: UUID!, $breakGlass: Boolean) {
    auditEvents(actorId: $actorId, breakGlass: $breakGlass) { edges { node {
      breakGlass { grantId reason } } } } }`;
  const listed = async (only?: boolean) => {
    const variables = { actorId: actor.id, breakGlass: only };
    const { data, errors } = await trail.ask(await trail.auditor(), list, variables);
    expect(errors).toEqual([]);
    return (data?.['auditEvents'] as Edges).edges.map(({ node }) => node['breakGlass']);
  };
  expect(await listed(true)).toEqual([{ grantId, reason: 'EMERGENCY' }]);
  expect(await listed(false)).toEqual([null]);
  expect(await listed()).toHaveLength(2);
});

test('half a grant is refused by the database', async () => {
  const patientId = await trail.patient();
  const [id] = [trail.ids.next()];
  const insert = trail.pool.query(
    `INSERT INTO audit_event (id, request_id, subgraph, action, actor_id, client_id, roles,
       institution_id, purpose, outcome, occurred_at, received_at, opened_patient_id)
     VALUES ($1, $1, 'clinical', 'READ', 'x', 'x', '{}', $1, 'treatment', 'SERVED', now(), now(), $2)`,
    [id, patientId],
  );
  await expect(insert).rejects.toThrow('audit_event_grant_check');
});
