import { expect, test } from 'vitest';
import {
  generateDistrict,
  loadDistrict,
  type BatchEntry,
  type LoadReceipt,
  type SubgraphName,
} from './index.ts';

const district = generateDistrict({ seed: 'load', today: '2026-03-15', households: 30 });

/** Subgraphs that take everything, once. */
function createStores(answer?: (entry: BatchEntry, subgraph: SubgraphName) => LoadReceipt) {
  const applied = new Map<string, number>();
  const log: string[] = [];
  const sizes: number[] = [];
  let underWay = 0;
  let mostUnderWay = 0;
  return {
    applied,
    log,
    sizes,
    mostUnderWay: () => mostUnderWay,
    async send(subgraph: SubgraphName, actor: string, entries: readonly BatchEntry[]) {
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      sizes.push(entries.length);
      // Later batches overtake earlier ones where the loader lets them.
      for (let turn = sizes.length % 2 === 1 ? 50 : 0; turn > 0; turn -= 1) await Promise.resolve();
      log.push(`${subgraph} ${actor}`);
      const receipts = entries.map((entry): LoadReceipt => {
        const replayed = applied.has(entry.operation.id);
        if (!replayed) applied.set(entry.operation.id, applied.size);
        return answer ? answer(entry, subgraph) : { verdict: 'APPLIED', replayed, problems: [] };
      });
      underWay -= 1;
      return receipts;
    },
    async settle() {
      expect(underWay).toBe(0);
      log.push('settled');
    },
  };
}

test('every operation is sent once, each phase after the events of the one before', async () => {
  const stores = createStores();
  const seen: string[] = [];
  const onProgress = ({ phase }: { phase: string }) => {
    if (seen.at(-1) !== phase) seen.push(phase);
  };
  const openedAfter: number[] = [];
  const onOpening = () => void openedAfter.push(stores.applied.size);
  const summary = await loadDistrict({ district, ...stores, batchSize: 50, onProgress, onOpening });
  const count = [...district.operations()].length;
  expect(summary).toEqual({ operations: count, replayed: 0, verdicts: { APPLIED: count } });
  const round = ['registration', 'care', 'treatment', 'dispensing'];
  expect(seen).toEqual(['setting', 'supply', ...round, ...round]);
  expect(stores.log.filter((line) => line === 'settled')).toHaveLength(10);
  expect(openedAfter).toHaveLength(1);
  expect(openedAfter[0]).toBeLessThan(count);
  expect(Math.max(...stores.sizes)).toBe(50);
});

test('the operations of one actor in one subgraph arrive in order, those of several side by side', async () => {
  const stores = createStores();
  await loadDistrict({ district, ...stores, batchSize: 5, concurrency: 4 });
  expect(stores.mostUnderWay()).toBeGreaterThan(1);
  expect(stores.mostUnderWay()).toBeLessThanOrEqual(4);
  const last = new Map<string, number>();
  for (const { subgraph, actor, entry } of district.operations()) {
    const lane = `${subgraph} ${actor}`;
    const place = stores.applied.get(entry.operation.id) ?? -1;
    expect(place).toBeGreaterThan(last.get(lane) ?? -1);
    last.set(lane, place);
  }
});

test('a second load replays the first', async () => {
  const stores = createStores();
  const first = await loadDistrict({ district, ...stores });
  const second = await loadDistrict({ district, ...stores });
  expect(second).toEqual({ ...first, replayed: first.operations });
});

test.each(['REJECTED', 'QUARANTINED'])(
  '%s is told with its codes and without values',
  async (verdict) => {
    const problems = [{ code: 'REFERENCE_NOT_FOUND', field: 'areaId' }];
    let patients = 0;
    const stores = createStores((entry) => {
      if (entry['registerPatient'] === undefined)
        return { verdict: 'APPLIED', replayed: false, problems: [] };
      patients += 1;
      return { verdict, replayed: false, problems };
    });
    const load = loadDistrict({ district, ...stores });
    await expect(load).rejects.toThrow(
      /^patient registerPatient by health-worker-\d+ in phase registration was (rejected|quarantined): REFERENCE_NOT_FOUND \(areaId\)$/,
    );
    expect(patients).toBeGreaterThan(0);
    expect(stores.log.filter((line) => line === 'settled')).toHaveLength(2);
  },
);

test('an entry without a receipt is a failure, also when the answer is too short', async () => {
  const unanswered = createStores((entry) =>
    entry['issuePrescription'] === undefined
      ? { verdict: 'APPLIED', replayed: false, problems: [] }
      : null,
  );
  const load = loadDistrict({ district, ...unanswered });
  await expect(load).rejects.toThrow(/^prescription issuePrescription by .* was not answered$/);
  const short = { ...createStores(), send: async () => [] };
  await expect(loadDistrict({ district, ...short })).rejects.toThrow(/was not answered$/);
});

test('a batch that cannot be sent stops the load', async () => {
  let sent = 0;
  const send = async (): Promise<LoadReceipt[]> => {
    sent += 1;
    throw new Error('connection refused');
  };
  const load = loadDistrict({ district, ...createStores(), send, batchSize: 10 });
  await expect(load).rejects.toThrow('connection refused');
  expect(sent).toBe(1);
});
