import { z } from 'zod';
import type { Row } from '../bench.ts';
import type { ServerProcess } from '../process/server-process.ts';
import { alternate, compare, type Pair } from './rounds.ts';

/** Asks a process that holds both sides of a comparison for one turn of one of them. */
export const turnOrder = z.object({ step: z.string(), side: z.enum(['ours', 'peer']) });

export const turnResult = z.object({
  /** How many of what is counted were done. */
  count: z.int().min(1),
  elapsedMs: z.number(),
  /** Processor time of the process on all of its threads. */
  cpuMs: z.number(),
  /** What came out, where both sides must come to the same. */
  digest: z.string().optional(),
});

export type TurnResult = z.infer<typeof turnResult>;
export type Turn = () => Promise<TurnResult>;
export type Steps = Readonly<Record<string, { readonly ours: Turn; readonly peer: Turn }>>;

/** Times some work. @param work returns what came out, if that is to be compared */
export async function timedTurn(
  count: number,
  work: () => string | void | Promise<string | void>,
): Promise<TurnResult> {
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  const digest = await work();
  const elapsedMs = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { count, elapsedMs, cpuMs: (user + system) / 1_000, ...(digest ? { digest } : {}) };
}

/** Answers the orders of the parent. */
export function answerTurns(steps: Steps): (message: unknown) => Promise<TurnResult> {
  return async (message) => {
    const { step, side } = turnOrder.parse(message);
    const turn = steps[step]?.[side];
    if (turn === undefined) throw new Error(`there is no step ${step}`);
    // What a turn has to prepare is not timed: it tells by itself how long it took.
    return turn();
  };
}

/** Lets both sides of a step take turns, after one turn of each that does not count. */
export async function compareTurns(
  process: ServerProcess<unknown>,
  step: string,
  rounds: number,
): Promise<Pair<TurnResult>[]> {
  const ask = (side: 'ours' | 'peer') => process.ask({ step, side }, turnResult);
  await ask('ours');
  await ask('peer');
  return alternate(
    rounds,
    () => ask('ours'),
    () => ask('peer'),
    ({ ours, peer }) => {
      if (ours.digest !== peer.digest)
        throw new Error(`${step}: the sides differ in what came out`);
    },
  );
}

/** How many a second of the clock on the wall. */
export function throughputRow(step: string, what: string, pairs: readonly Pair<TurnResult>[]): Row {
  const perSecond = ({ count, elapsedMs }: TurnResult) => (count / elapsedMs) * 1_000;
  return { case: step, measure: what, unit: '/s', ...compare(pairs, perSecond) };
}

/** How many a second of processor time, which the neighbours of a busy machine lengthen less. */
export function processorRow(step: string, what: string, pairs: readonly Pair<TurnResult>[]): Row {
  const perSecond = ({ count, cpuMs }: TurnResult) => (count / cpuMs) * 1_000;
  const measure = `${what} a second of processor time`;
  return { case: step, measure, unit: '/s', ...compare(pairs, perSecond) };
}
