import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Row } from '../bench.ts';
import { startProcess, type ServerProcess } from '../process/server-process.ts';
import { loadResult, type LoadOrder } from './load-order.ts';
import { alternate, compare, type Pair } from './rounds.ts';
import { percentile } from './statistics.ts';

/** One side of a comparison of servers. */
export interface Side {
  readonly process: ServerProcess<unknown>;
  readonly request: Pick<LoadOrder, 'url' | 'method' | 'headers' | 'body'>;
}

export interface LoadCase {
  readonly name: string;
  readonly concurrency: number;
  /** How long each side is under load in each round. */
  readonly durationMs: number;
  readonly rounds: number;
}

interface LoadSample {
  readonly perSecond: number;
  readonly cpuMsPerRequest: number;
  readonly latenciesMs: readonly number[];
  readonly answer: unknown;
}

/** Puts both sides under the same load in turns, from a process of its own. */
export interface LoadGenerator {
  compare(one: LoadCase, ours: Side, peer: Side): Promise<Row[]>;
  stop(): Promise<void>;
}

const warmUpMs = 1_500;
const maxRequests = 100_000;

/** @example const load = await startLoadGenerator(); await load.compare(one, ours, peer); */
export async function startLoadGenerator(): Promise<LoadGenerator> {
  const generator = await startProcess(
    new URL('load.process.ts', import.meta.url),
    {},
    z.object({}),
  );

  async function sample(side: Side, one: LoadCase, durationMs: number): Promise<LoadSample> {
    const cpuBefore = await side.process.cpuMs();
    const order: LoadOrder = {
      ...side.request,
      ...{ concurrency: one.concurrency, durationMs, maxRequests },
    };
    const { latenciesMs, elapsedMs, sample } = await generator.ask(order, loadResult);
    const cpuMs = (await side.process.cpuMs()) - cpuBefore;
    return {
      perSecond: (latenciesMs.length / elapsedMs) * 1_000,
      cpuMsPerRequest: cpuMs / latenciesMs.length,
      latenciesMs,
      answer: JSON.parse(sample),
    };
  }

  return {
    async compare(one, ours, peer) {
      // Both are warm before either is measured, and nothing slow and wrong is measured at all.
      for (const side of [ours, peer]) await sample(side, one, warmUpMs);
      const pairs = await alternate(
        one.rounds,
        () => sample(ours, one, one.durationMs),
        () => sample(peer, one, one.durationMs),
        requireEqualAnswers,
      );
      return rowsOf(one, pairs);
    },
    stop: generator.stop,
  };
}

/** A fast wrong answer is not an answer. */
function requireEqualAnswers({ ours, peer }: Pair<LoadSample>): void {
  if (isDeepStrictEqual(ours.answer, peer.answer)) return;
  throw new Error(`the answers differ at ${firstDifference(ours.answer, peer.answer, '')}`);
}

function firstDifference(ours: unknown, peer: unknown, path: string): string {
  if (typeof ours !== 'object' || typeof peer !== 'object' || ours === null || peer === null) {
    return `${path}: ${JSON.stringify(ours)} and ${JSON.stringify(peer)}`;
  }
  const [left, right] = [new Map(Object.entries(ours)), new Map(Object.entries(peer))];
  const key = [...left.keys(), ...right.keys()].find(
    (name) => !isDeepStrictEqual(left.get(name), right.get(name)),
  );
  return key === undefined
    ? path
    : firstDifference(left.get(key), right.get(key), `${path}.${key}`);
}

function rowsOf(one: LoadCase, pairs: readonly Pair<LoadSample>[]): Row[] {
  const named = { case: `${one.name}, ${one.concurrency} at a time` };
  return [
    { ...named, measure: 'throughput', unit: '/s', ...compare(pairs, (each) => each.perSecond) },
    { ...named, measure: 'p50', unit: 'ms', ...latency(pairs, 0.5) },
    { ...named, measure: 'p99', unit: 'ms', ...latency(pairs, 0.99) },
    {
      ...named,
      measure: 'processor time a request',
      unit: 'ms',
      ...compare(pairs, (each) => each.cpuMsPerRequest),
    },
  ];
}

/** Over the requests of all rounds: one round alone has too few for a p99. */
function latency(pairs: readonly Pair<LoadSample>[], share: number) {
  const of = (side: keyof Pair<LoadSample>) =>
    percentile(
      pairs.flatMap((pair) => pair[side].latenciesMs),
      share,
    );
  const [ours, peer] = [of('ours'), of('peer')];
  return { ours, peer, ratio: ours / peer };
}
