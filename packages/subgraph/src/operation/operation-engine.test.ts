import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createNoteGraph, type NoteGraph } from '../test-graph.ts';

let graph: NoteGraph;
let worker: string;

beforeAll(async () => {
  graph = await createNoteGraph();
  worker = await graph.token({ roles: ['health_worker'] });
});
afterAll(() => graph.stop());
afterEach(() => {
  graph.sabotage.beforeCommit = undefined;
});

const recordNote = `mutation ($operation: OperationInput!, $input: RecordNoteInput!) {
  recordNote(operation: $operation, input: $input) {
    verdict replayed problems { code field } note { id text }
  }
}`;

function input(over: Record<string, unknown> = {}) {
  return { id: graph.ids.next(), patientId: graph.ids.next(), text: 'seen at home', ...over };
}

async function send(operation: Record<string, unknown>, note: Record<string, unknown>) {
  const answer = await graph.ask(worker, recordNote, { operation, input: note });
  const receipt = answer.data?.['recordNote'] as Record<string, unknown> | undefined;
  return { ...answer, receipt };
}

/** How many rows an operation has left in each place that its one transaction writes to. */
async function traces(operationId: unknown, noteId: unknown) {
  const { rows } = await graph.pool.query(
    `SELECT (SELECT count(*)::int FROM operation_record WHERE id = $1) AS operations,
       (SELECT count(*)::int FROM note WHERE id = $2) AS notes,
       (SELECT count(*)::int FROM change_log_entry WHERE entity_id = $2) AS changes,
       (SELECT count(*)::int FROM outbox_event WHERE data->>'operationId' = $1::text
          AND data->>'action' = 'WRITE') AS intents`,
    [operationId, noteId],
  );
  return rows[0];
}

test('verdict, effect, change log and audit intent commit together', async () => {
  const [operation, note] = [graph.operation(), input()];
  const { receipt } = await send(operation, note);
  expect(receipt).toMatchObject({ verdict: 'APPLIED', replayed: false, note: { id: note.id } });
  expect(await traces(operation['id'], note.id)).toEqual({
    operations: 1,
    notes: 1,
    changes: 1,
    intents: 1,
  });
});

test.each([
  ['a check', { text: 'x'.repeat(60) }, 'VALUE_IMPOSSIBLE'],
  ['a check with a problem of its own', { text: 'named' }, 'STATE_REFUSED'],
])('a row that breaks %s is refused by the database and recorded', async (_what, over, code) => {
  const [operation, note] = [graph.operation(), input(over)];
  for (const replayed of [false, true]) {
    const { receipt } = await send(operation, note);
    expect(receipt).toMatchObject({
      verdict: 'REJECTED',
      replayed,
      problems: [{ code }],
      note: null,
    });
  }
  expect(await traces(operation['id'], note.id)).toMatchObject({ operations: 1, notes: 0 });
});

test.each([
  ['U+0000', 'seen\0'],
  ['the first half of a character', 'seen \ud83d'],
  ['the second half of a character', '\udc69 seen'],
])('a text with %s is refused, and is no fault', async (_what, text) => {
  const { receipt } = await send(graph.operation(), input({ text }));
  expect(receipt).toMatchObject({
    ...{ verdict: 'REJECTED', note: null },
    problems: [{ code: 'INPUT_INVALID', field: 'input' }],
  });
});

test.each(['seen 👩🏾‍⚕️', '\\u0000', '\\\\ud83d'])('the text %s is taken as it is', async (text) => {
  const { receipt } = await send(graph.operation(), input({ text }));
  expect(receipt).toMatchObject({ verdict: 'APPLIED', note: { text } });
});

test('a second record under one id is ALREADY_EXISTS, not a fault', async () => {
  const note = input();
  await send(graph.operation(), note);
  const { receipt } = await send(graph.operation(), note);
  expect(receipt).toMatchObject({ verdict: 'REJECTED', problems: [{ code: 'ALREADY_EXISTS' }] });
});

test('a fault that passes is an error: nothing is recorded and the same operation works later', async () => {
  const [operation, note] = [graph.operation(), input()];
  graph.sabotage.beforeCommit = () =>
    Promise.reject(Object.assign(new Error('deadlock detected'), { code: '40P01' }));
  const failed = await send(operation, note);
  expect(failed.errors.map((error) => error.extensions.code)).toEqual(['STORE_UNAVAILABLE']);
  expect(await traces(operation['id'], note.id)).toEqual({
    operations: 0,
    notes: 0,
    changes: 0,
    intents: 0,
  });
  graph.sabotage.beforeCommit = undefined;
  expect((await send(operation, note)).receipt).toMatchObject({
    verdict: 'APPLIED',
    replayed: false,
  });
});

test('a rule of the key database is no verdict: nothing is recorded, and it may be tried again', async () => {
  const [operation, note] = [graph.operation(), input()];
  const { keyStore } = graph.keys.open('clinical');
  // What a key answers whose partition was dropped while it was made.
  const key = { id: graph.ids.next(), ownerId: note.patientId, partitionKeyId: graph.ids.next() };
  graph.sabotage.beforeCommit = async () => {
    await keyStore.addDataKeys([{ ...key, wrapped: new Uint8Array(61) }], 1, new Date());
  };
  const failed = await send(operation, note);
  expect(failed.errors.map((error) => error.extensions.code)).toEqual(['KEYS_UNAVAILABLE']);
  expect(await traces(operation['id'], note.id)).toMatchObject({ operations: 0, notes: 0 });
  graph.sabotage.beforeCommit = undefined;
  expect((await send(operation, note)).receipt).toMatchObject({ verdict: 'APPLIED' });
});

test('a fault that does not pass is an error too, and leaves nothing', async () => {
  const [operation, note] = [graph.operation(), input()];
  graph.sabotage.beforeCommit = () => Promise.reject(new TypeError('a defect'));
  const failed = await send(operation, note);
  expect(failed.errors.map((error) => error.extensions.code)).toEqual(['INTERNAL']);
  expect(await traces(operation['id'], note.id)).toMatchObject({ operations: 0, notes: 0 });
});

test('a connection that dies between effect and commit leaves nothing; the replay applies once', async () => {
  const [operation, note] = [graph.operation(), input()];
  graph.sabotage.beforeCommit = async (tx) => {
    const [session] = await tx.$queryRawUnsafe<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
    await graph.pool.query('SELECT pg_terminate_backend($1)', [session?.pid]);
    await tx.$queryRawUnsafe('SELECT 1');
  };
  const failed = await send(operation, note);
  expect(failed.errors.map((error) => error.extensions.code)).toEqual(['STORE_UNAVAILABLE']);
  expect(await traces(operation['id'], note.id)).toMatchObject({ operations: 0, notes: 0 });
  graph.sabotage.beforeCommit = undefined;
  // The device does not know what became of it and sends it again, twice.
  expect((await send(operation, note)).receipt).toMatchObject({
    verdict: 'APPLIED',
    replayed: false,
  });
  expect((await send(operation, note)).receipt).toMatchObject({
    verdict: 'APPLIED',
    replayed: true,
  });
  expect(await traces(operation['id'], note.id)).toMatchObject({
    operations: 1,
    notes: 1,
    intents: 1,
  });
});

describe('an operation without a hash', () => {
  const hashOf = async (id: unknown): Promise<unknown> => {
    const sql = 'SELECT length(request_hash) AS bytes FROM operation_record WHERE id = $1';
    return (await graph.pool.query(sql, [id])).rows[0];
  };
  const blank = async (id: unknown, emptied: boolean) => {
    const result = emptied ? `result - 'entityId' - 'version'` : 'result';
    const sql = `UPDATE operation_record SET request_hash = '', result = ${result} WHERE id = $1`;
    await graph.pool.query(sql, [id]);
  };
  const codeOf = ({ errors }: { errors: readonly { extensions: { code?: unknown } }[] }) =>
    errors.map((error) => error.extensions.code);

  test('is none that was taken, or refused for another reason than an erasure', async () => {
    for (const note of [input(), input({ text: 'named' })]) {
      const operation = graph.operation();
      await send(operation, note);
      expect(await hashOf(operation['id'])).toEqual({ bytes: 32 });
      const other = await send(operation, { ...note, text: 'another' });
      expect(codeOf(other)).toEqual(['OPERATION_ID_REUSED']);
    }
  });

  test.each([
    ['whose record went', true, { verdict: 'REJECTED', problems: [{ code: 'ERASED' }] }],
    ['whose record stayed', false, { verdict: 'APPLIED', problems: [] }],
  ])('%s answers alike, whatever is guessed', async (_what, emptied, said) => {
    const [operation, note] = [graph.operation(), input()];
    await send(operation, note);
    await blank(operation['id'], emptied);
    for (const guess of [note, { ...note, text: 'seen at hone' }]) {
      const { receipt } = await send(operation, guess);
      expect(receipt).toMatchObject({ ...said, replayed: true });
    }
  });

  test('is not found under another count, at another time, or by another author', async () => {
    const [operation, note] = [graph.operation(), input()];
    await send(operation, note);
    await blank(operation['id'], true);
    const other = { deviceSequence: 4_711 };
    expect(codeOf(await send({ ...operation, ...other }, note))).toEqual(['OPERATION_ID_REUSED']);
    const later = { recordedAt: new Date(Date.now() - 1_000).toISOString() };
    expect(codeOf(await send({ ...operation, ...later }, note))).toEqual(['OPERATION_ID_REUSED']);
    const stranger = await graph.token({ roles: ['health_worker'] });
    const answer = await graph.ask(stranger, recordNote, { operation, input: note });
    expect(codeOf(answer)).toEqual(['OPERATION_ID_REUSED']);
  });
});

test('an operation of another device than the token names is refused before anything is written', async () => {
  const token = await graph.token({ roles: ['health_worker'], deviceId: graph.ids.next() });
  const [operation, note] = [graph.operation(), input()];
  const answer = await graph.ask(token, recordNote, { operation, input: note });
  expect(answer.errors[0]?.extensions.code).toBe('DEVICE_MISMATCH');
  expect(await traces(operation['id'], note.id)).toMatchObject({ operations: 0, notes: 0 });
});

test('an operation from the future is refused, five minutes of drift are not', async () => {
  const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
  const late = await send(graph.operation({ recordedAt: inMinutes(6) }), input());
  expect(late.receipt).toMatchObject({ problems: [{ code: 'RECORDED_IN_FUTURE' }] });
  const drifting = await send(graph.operation({ recordedAt: inMinutes(4) }), input());
  expect(drifting.receipt).toMatchObject({ verdict: 'APPLIED' });
});

test('in a batch, a failure stops what follows it, unless it is told not to', async () => {
  const applyAll = `mutation ($operations: [NoteOperation!]!, $stop: Boolean!) {
    applyNoteOperations(operations: $operations, stopOnFailure: $stop) { verdict }
  }`;
  const entries = () =>
    [{ text: 'first' }, { text: 'named' }, { text: 'third' }].map((over) => ({
      operation: graph.operation(),
      recordNote: input(over),
    }));
  const stopped = await graph.ask(worker, applyAll, { operations: entries(), stop: true });
  expect(stopped.data?.['applyNoteOperations']).toEqual([
    { verdict: 'APPLIED' },
    { verdict: 'REJECTED' },
    null,
  ]);
  expect(stopped.errors.map((one) => one.extensions.code)).toEqual(['OPERATION_NOT_REACHED']);
  const all = await graph.ask(worker, applyAll, { operations: entries(), stop: false });
  expect(all.data?.['applyNoteOperations']).toEqual([
    { verdict: 'APPLIED' },
    { verdict: 'REJECTED' },
    { verdict: 'APPLIED' },
  ]);
});
