import { problemCatalogue, type ProblemCode } from '@caregraph/fault';
import type { Fate, ImportTally } from '../import-tally.ts';
import type { ImportEntry, ImportSubgraph } from '../map/input.ts';
import {
  ImportStopped,
  TransientFault,
  type EntryAnswer,
  type Sender,
  type WireEntry,
} from './sender.ts';

export interface DispatchOptions {
  readonly sender: Sender;
  readonly tally: ImportTally;
  /** Entries in a request. */
  readonly batchSize: number;
  /** Requests under way at the same time. */
  readonly concurrency: number;
  readonly waitMs: (milliseconds: number) => Promise<unknown>;
  readonly onSettled: (entry: ImportEntry, answer: EntryAnswer, fate: Fate) => void;
}

/** Half a second, doubled each time: together about half a minute. */
const attempts = 7;
const firstPauseMs = 500;

/**
 * Sends the entries of a phase in batches, a few requests at a time, and tells what became of each.
 * Entries are made as they are needed, so that a phase never stands in memory as a whole.
 *
 * @throws ImportStopped when the server cannot be reached, or does not take the import
 */
export async function dispatch(
  subgraph: ImportSubgraph,
  entries: Iterable<ImportEntry>,
  options: DispatchOptions,
): Promise<void> {
  const batches = batchesOf(entries, options.batchSize);
  const work = async () => {
    for (const batch of batches) await sendBatch(subgraph, batch, options);
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
}

function* batchesOf(
  entries: Iterable<ImportEntry>,
  size: number,
): Generator<readonly ImportEntry[], undefined> {
  let batch: ImportEntry[] = [];
  for (const entry of entries) {
    batch.push(entry);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function sendBatch(
  subgraph: ImportSubgraph,
  batch: readonly ImportEntry[],
  options: DispatchOptions,
): Promise<void> {
  let waiting = batch;
  for (let attempt = 1; waiting.length > 0; attempt += 1) {
    const isLast = attempt >= attempts;
    const answers = await sendOnce(subgraph, waiting, { ...options, isLast });
    const again: ImportEntry[] = [];
    waiting.forEach((entry, index) => {
      const answer = answers?.[index];
      if (answer === undefined || (!isLast && isTransient(answer))) again.push(entry);
      else settleEntry(entry, answer, options);
    });
    waiting = again;
    if (waiting.length > 0) await options.waitMs(firstPauseMs * 2 ** (attempt - 1));
  }
}

/** Undefined when the request as a whole is to be sent again: operations are safe to repeat. */
async function sendOnce(
  subgraph: ImportSubgraph,
  entries: readonly ImportEntry[],
  { sender, isLast }: { sender: Sender; isLast: boolean },
): Promise<readonly EntryAnswer[] | undefined> {
  try {
    return await sender.send(subgraph, entries.map(wireEntry));
  } catch (error) {
    if (!(error instanceof TransientFault)) throw error;
    if (isLast) throw new ImportStopped('SERVER_UNREACHABLE', error.message, error);
    return undefined;
  }
}

function wireEntry({ operation, member, input }: ImportEntry): WireEntry {
  return { operation, [member]: input };
}

function isTransient(answer: EntryAnswer): boolean {
  return answer.fault !== undefined && answer.isTransient;
}

function settleEntry(
  entry: ImportEntry,
  answer: EntryAnswer,
  { tally, onSettled }: DispatchOptions,
): void {
  const fate = fateOf(answer);
  if (fate === 'refused') {
    const code = reasonOf(answer);
    tally.issue({ ...entry.origin, type: entry.type, code, lost: 'RECORD' });
  }
  tally.settle(entry.counts, fate);
  onSettled(entry, answer, fate);
}

function fateOf(answer: EntryAnswer): Fate {
  // The id is made of the content, so an id that was used is the same content stored otherwise.
  if (answer.fault !== undefined) {
    return answer.fault === 'OPERATION_ID_REUSED' ? 'existing' : 'refused';
  }
  const { verdict, replayed, problems } = answer;
  if (verdict === 'REJECTED') {
    return problems.every(({ code }) => code === 'ALREADY_EXISTS') ? 'existing' : 'refused';
  }
  if (verdict === 'QUARANTINED') return 'refused';
  return replayed ? 'replayed' : 'taken';
}

function reasonOf(answer: EntryAnswer): ProblemCode | 'SERVER_FAULT' {
  const code = answer.fault === undefined ? answer.problems[0]?.code : undefined;
  return code !== undefined && Object.hasOwn(problemCatalogue, code)
    ? (code as ProblemCode) // the catalogue has it
    : 'SERVER_FAULT';
}
