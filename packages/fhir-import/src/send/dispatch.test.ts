import { expect, test } from 'vitest';
import { createImportTally } from '../import-tally.ts';
import type { ImportEntry } from '../map/input.ts';
import { dispatch } from './dispatch.ts';
import { ImportStopped, TransientFault, type EntryAnswer, type Sender } from './sender.ts';

const entry = (id: string): ImportEntry => ({
  subgraph: 'patient',
  member: 'registerPatient',
  input: { id },
  recordedAt: '2024-01-01T00:00:00.000Z',
  operation: { id, deviceId: 'd', deviceSequence: 1, recordedAt: '', clockOffsetMs: 0 },
  origin: { file: 'f.json', path: `entry[${id}]` },
  type: 'Patient',
  counts: { Patient: 1 },
});
const receipt = (verdict: string, ...codes: string[]): EntryAnswer => ({
  verdict,
  replayed: false,
  problems: codes.map((code) => ({ code })),
});
const applied = receipt('APPLIED');

async function run(send: Sender['send'], { ids = ['1'], batchSize = 2, concurrency = 1 } = {}) {
  const tally = createImportTally();
  const pauses: number[] = [];
  const sending = dispatch('patient', ids.map(entry), {
    ...{ tally, batchSize, concurrency },
    sender: { send, settle: async () => true },
    waitMs: async (ms) => pauses.push(ms),
    onSettled: () => undefined,
  });
  await sending;
  return { tally: tally.types().Patient, issues: tally.issues(), pauses };
}

test.each([
  ['APPLIED', receipt('APPLIED'), { taken: 1 }],
  ['MERGED', receipt('MERGED', 'FIELD_CONFLICT'), { taken: 1 }],
  ['PROVISIONAL', receipt('PROVISIONAL', 'PATIENT_NOT_KNOWN_YET'), { taken: 1 }],
  ['a repetition', { ...applied, replayed: true } as EntryAnswer, { replayed: 1 }],
  ['a record that is there', receipt('REJECTED', 'ALREADY_EXISTS'), { existing: 1 }],
  ['an id that is used', { fault: 'OPERATION_ID_REUSED', isTransient: false }, { existing: 1 }],
  ['a refusal', receipt('REJECTED', 'VALUE_IMPOSSIBLE'), { refused: 1 }],
  [
    'a refusal on repetition',
    { ...receipt('REJECTED', 'NOT_FOUND'), replayed: true },
    { refused: 1 },
  ],
  ['out of scope', receipt('QUARANTINED', 'OUT_OF_SCOPE_KEPT'), { refused: 1 }],
] as [string, EntryAnswer, object][])('%s counts as what it is', async (_what, answer, counts) => {
  const { tally, issues } = await run(async () => [answer]);
  expect(tally).toMatchObject(counts);
  expect(issues).toHaveLength('refused' in counts ? 1 : 0);
});

test('only what failed for the moment is sent again, and later each time', async () => {
  const sizes: number[] = [];
  const { tally, pauses } = await run(
    async (_subgraph, entries) => {
      sizes.push(entries.length);
      if (sizes.length === 1) throw new TransientFault('starting');
      if (sizes.length > 3) return entries.map(() => applied);
      return entries.map((_one, index) =>
        index === 0 ? applied : { fault: 'STORE_UNAVAILABLE', isTransient: true },
      );
    },
    { ids: ['1', '2', '3'], batchSize: 3 },
  );
  expect(sizes).toEqual([3, 3, 2, 1]);
  expect(pauses).toEqual([500, 1_000, 2_000]);
  expect(tally).toMatchObject({ taken: 3 });
});

test('a server that stays away stops the import', async () => {
  const gone = run(async () => {
    throw new TransientFault('gone');
  });
  await expect(gone).rejects.toMatchObject({ name: 'ImportStopped', code: 'SERVER_UNREACHABLE' });
});

test('a record that the server cannot take is told after all attempts', async () => {
  const { issues } = await run(async () => [{ fault: 'INTERNAL', isTransient: true }]);
  expect(issues).toMatchObject([{ path: 'entry[1]', code: 'SERVER_FAULT', lost: 'RECORD' }]);
});

test('requests are bounded in number and in size', async () => {
  let underWay = 0;
  let most = 0;
  const ids = Array.from({ length: 25 }, (_, index) => String(index));
  const { tally } = await run(
    async (_subgraph, entries) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((done) => setImmediate(done));
      underWay -= 1;
      expect(entries.length).toBeLessThanOrEqual(2);
      return entries.map(() => applied);
    },
    { ids, batchSize: 2, concurrency: 3 },
  );
  expect(most).toBe(3);
  expect(tally).toMatchObject({ taken: 25 });
});

test('a refused token stops at once', async () => {
  let calls = 0;
  const refused = run(async () => {
    calls += 1;
    throw new ImportStopped('TOKEN_REFUSED', 'no');
  });
  await expect(refused).rejects.toMatchObject({ code: 'TOKEN_REFUSED' });
  expect(calls).toBe(1);
});
