import {
  phases,
  type BatchEntry,
  type DistrictOperation,
  type Phase,
  type SubgraphName,
} from './operation-input.ts';

/** What the loader reads of a receipt; null where an error took its place. */
export type LoadReceipt = {
  readonly verdict: string;
  readonly replayed: boolean;
  readonly problems: readonly { readonly code: string; readonly field?: string | null }[];
} | null;

export interface LoadOptions {
  /** A district, or any stream of operations in its order. */
  readonly district: { operations(): Iterable<DistrictOperation> };
  /** Posts one batch to `apply<Subgraph>Operations` with the actor's token. */
  send(
    subgraph: SubgraphName,
    actor: string,
    entries: readonly BatchEntry[],
  ): Promise<readonly LoadReceipt[]>;
  /** Resolves when every event so far has reached the stores it is for. */
  settle(): Promise<void>;
  /** Entries in a batch; 200 when left out, at most 500. */
  readonly batchSize?: number;
  /** Batches on their way at once; 8 when left out. */
  readonly concurrency?: number;
  onProgress?(progress: LoadProgress): void;
  /** Called when the first households are there with everything that belongs to them. */
  onOpening?(): void;
}

export interface LoadProgress {
  readonly phase: Phase;
  /** Operations that were answered. */
  readonly operations: number;
}

export interface LoadSummary {
  readonly operations: number;
  /** How many of them had been applied by an earlier load. */
  readonly replayed: number;
  readonly verdicts: Readonly<Record<string, number>>;
}

const lastPhase = phases.at(-1);

/**
 * Loads a district through the batch mutations. Ids are those of the district, so that a second
 * load replays the first; the events of a phase have arrived before the next one begins.
 *
 * @throws Error when an operation is rejected, quarantined or not answered; the message names the
 *   mutation and the problem codes, never a value
 * @example await loadDistrict({ district: generateDistrict(options), send, settle })
 */
export async function loadDistrict(options: LoadOptions): Promise<LoadSummary> {
  const { district, settle, batchSize = 200 } = options;
  const lanes = createLanes(options);
  let phase: Phase | undefined;
  let opened = false;
  for (const operation of district.operations()) {
    if (phase !== undefined && phase !== operation.phase) {
      await lanes.drain(phase);
      await settle();
      if (phase === lastPhase && !opened) options.onOpening?.();
      opened ||= phase === lastPhase;
    }
    phase = operation.phase;
    await lanes.take(operation, batchSize);
  }
  if (phase !== undefined) await lanes.drain(phase);
  await settle();
  if (!opened) options.onOpening?.();
  return lanes.summary();
}

interface Batch {
  readonly phase: Phase;
  readonly subgraph: SubgraphName;
  readonly actor: string;
  readonly entries: BatchEntry[];
}

/** One lane for each actor in each subgraph: order is kept in a lane, lanes go side by side. */
function createLanes(options: LoadOptions) {
  const { concurrency = 8 } = options;
  const open = new Map<string, Batch>();
  const tails = new Map<string, Promise<void>>();
  const pending = new Set<Promise<void>>();
  const count = createCount(options);
  let failure: Error | undefined;

  const post = async (batch: Batch, after: Promise<void>) => {
    await after;
    if (failure !== undefined) return;
    try {
      const receipts = await options.send(batch.subgraph, batch.actor, batch.entries);
      count.add(batch, receipts);
    } catch (error) {
      // Told once, by whoever waits next: nothing is sent after a failure.
      failure ??= error instanceof Error ? error : new Error('a batch failed', { cause: error });
    }
  };
  /** What is on its way is answered first, so that whoever stops after it pulls nothing away. */
  const giveUp = async (): Promise<never> => {
    await Promise.all(pending);
    return Promise.reject(failure);
  };
  const dispatch = async (lane: string, batch: Batch) => {
    open.delete(lane);
    while (pending.size >= concurrency) await Promise.race(pending);
    if (failure !== undefined) await giveUp();
    const sent = post(batch, tails.get(lane) ?? Promise.resolve()).finally(() =>
      pending.delete(sent),
    );
    tails.set(lane, sent);
    pending.add(sent);
  };
  return {
    async take({ phase, subgraph, actor, entry }: DistrictOperation, batchSize: number) {
      const lane = `${subgraph} ${actor}`;
      const batch = open.get(lane) ?? { phase, subgraph, actor, entries: [] };
      open.set(lane, batch);
      batch.entries.push(entry);
      if (batch.entries.length >= batchSize) await dispatch(lane, batch);
    },
    async drain(phase: Phase) {
      for (const [lane, batch] of [...open]) await dispatch(lane, batch);
      await Promise.all(pending);
      tails.clear();
      if (failure !== undefined) await giveUp();
      count.report(phase);
    },
    summary: count.summary,
  };
}

function createCount({ onProgress }: LoadOptions) {
  let [operations, replayed] = [0, 0];
  const verdicts: Record<string, number> = {};
  const report = (phase: Phase) => onProgress?.({ phase, operations });
  return {
    report,
    add(batch: Batch, receipts: readonly LoadReceipt[]) {
      refuseFailures(batch, receipts);
      for (const receipt of receipts) {
        if (receipt === null) continue;
        operations += 1;
        if (receipt.replayed) replayed += 1;
        verdicts[receipt.verdict] = (verdicts[receipt.verdict] ?? 0) + 1;
      }
      report(batch.phase);
    },
    summary: (): LoadSummary => ({ operations, replayed, verdicts: { ...verdicts } }),
  };
}

function refuseFailures(batch: Batch, receipts: readonly LoadReceipt[]): void {
  const { phase, subgraph, actor, entries } = batch;
  for (const [index, entry] of entries.entries()) {
    const receipt = receipts[index] ?? null;
    const failed = receipt === null || ['REJECTED', 'QUARANTINED'].includes(receipt.verdict);
    if (!failed) continue;
    const member = Object.keys(entry).find((name) => name !== 'operation') ?? 'an empty entry';
    const reasons = receipt?.problems.map(({ code, field }) =>
      field ? `${code} (${field})` : code,
    );
    const outcome = receipt === null ? 'was not answered' : `was ${receipt.verdict.toLowerCase()}`;
    const why = reasons === undefined || reasons.length === 0 ? '' : `: ${reasons.join(', ')}`;
    throw new Error(`${subgraph} ${member} by ${actor} in phase ${phase} ${outcome}${why}`);
  }
}
