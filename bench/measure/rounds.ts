import type { Row } from '../bench.ts';
import { median } from './statistics.ts';

/** What both sides showed in one round. */
export interface Pair<TSample> {
  readonly ours: TSample;
  readonly peer: TSample;
}

/**
 * Lets both sides take turns. Who begins changes with each round, so that neither always runs into
 * a warmed-up or a throttled machine.
 */
export async function alternate<TSample>(
  rounds: number,
  ours: () => Promise<TSample>,
  peer: () => Promise<TSample>,
  check: (pair: Pair<TSample>) => void = () => {},
): Promise<Pair<TSample>[]> {
  const pairs: Pair<TSample>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const pair = round % 2 === 0 ? await oursFirst(ours, peer) : await peerFirst(ours, peer);
    check(pair);
    pairs.push(pair);
  }
  return pairs;
}

async function oursFirst<T>(ours: () => Promise<T>, peer: () => Promise<T>): Promise<Pair<T>> {
  const first = await ours();
  return { ours: first, peer: await peer() };
}

async function peerFirst<T>(ours: () => Promise<T>, peer: () => Promise<T>): Promise<Pair<T>> {
  const first = await peer();
  return { peer: first, ours: await ours() };
}

/** The medians of one number over all rounds, and the median of the ratios within each round. */
export function compare<TSample>(
  pairs: readonly Pair<TSample>[],
  pick: (sample: TSample) => number,
): Required<Pick<Row, 'ours' | 'peer' | 'ratio' | 'spread'>> {
  const ratios = pairs.map(({ ours, peer }) => pick(ours) / pick(peer));
  return {
    ours: median(pairs.map(({ ours }) => pick(ours))),
    peer: median(pairs.map(({ peer }) => pick(peer))),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
  };
}
