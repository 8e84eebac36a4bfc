import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createSubgraphHost } from '../server/subgraph-host.ts';
import { createNoteGraph, secret, type NoteGraph } from '../test-graph.ts';

let graph: NoteGraph;
let token: string;
let noteId: string;
let patientId: string;
let outboxRefuses = false;

beforeAll(async () => {
  graph = await createNoteGraph(({ pool }) => ({
    pool: new Proxy(pool, {
      get(target, name) {
        if (name !== 'query') return Reflect.get(target, name, target);
        return (sql: string, values?: unknown[]) =>
          outboxRefuses && sql.includes('INSERT INTO outbox_event')
            ? Promise.reject(Object.assign(new Error('the disk is full'), { code: '53100' }))
            : target.query(sql, values);
      },
    }),
  }));
  token = await graph.token({ roles: ['health_worker'] });
  [noteId, patientId] = [graph.ids.next(), graph.ids.next()];
  const sql = 'INSERT INTO note (id, patient_id, text) VALUES ($1, $2, $3)';
  await graph.pool.query(sql, [noteId, patientId, secret]);
});
afterAll(() => graph.stop());
beforeEach(async () => {
  outboxRefuses = false;
  await graph.pool.query('DELETE FROM outbox_event');
});

const readNote = 'query ($id: UUID!) { note(id: $id) { text } }';
const readEntity = `query ($id: UUID!) {
  _entities(representations: [{ __typename: "Note", id: $id }]) { ... on Note { text } }
}`;

async function intents() {
  const { rows } = await graph.pool.query('SELECT data FROM outbox_event ORDER BY position');
  return rows.map((row) => row.data);
}

test('before a record is served, who saw what and why is durable', async () => {
  const answer = await graph.ask(token, readNote, { id: noteId });
  expect(answer.data).toEqual({ note: { text: secret } });
  expect(await intents()).toMatchObject([
    {
      action: 'READ',
      operation: 'note',
      purpose: 'treatment',
      outcome: 'SERVED',
      accesses: [{ patientId, types: ['Note'] }],
    },
  ]);
});

test.each([readNote, readEntity])('no audit, no answer: %s', async (query) => {
  outboxRefuses = true;
  const { status, data, errors } = await graph.ask(token, query, { id: noteId });
  expect({ status, data }).toEqual({ status: 503, data: undefined });
  expect(errors.map((error) => error.extensions.code)).toEqual(['AUDIT_UNAVAILABLE']);
  expect(await intents()).toEqual([]);
  outboxRefuses = false;
  expect((await graph.ask(token, query, { id: noteId })).errors).toEqual([]);
});

test('no audit, no answer, over HTTP', async () => {
  const { deps, subgraph } = graph;
  const app = createSubgraphHost({ ...deps, subgraph, deliveryKey: new Uint8Array(32) });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  outboxRefuses = true;
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: readNote, variables: { id: noteId } }),
  });
  const text = await answer.text();
  await app.close();
  expect(answer.status).toBe(503);
  expect(text).not.toContain(secret);
  expect(Object.keys(JSON.parse(text))).toEqual(['errors']);
  expect(text).toContain('AUDIT_UNAVAILABLE');
});

test('what is about nobody is answered without an audit', async () => {
  outboxRefuses = true;
  const answer = await graph.ask(token, '{ caller { purpose } }');
  expect(answer).toMatchObject({ status: 200, data: { caller: { purpose: 'treatment' } } });
  expect((await graph.ask(token, readNote, { id: graph.ids.next() })).data).toEqual({ note: null });
});
