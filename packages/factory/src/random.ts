/** A stream of random numbers that its seed repeats exactly. Not for secrets. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number, both ends included. */
  int(min: number, max: number): number;
  /** A number with some decimals, both ends included. */
  decimal(min: number, max: number, decimals: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  fill(bytes: Uint8Array): void;
  /** A stream of its own for a part of the work: how much others draw does not change it. */
  fork(label: string): Random;
}

/**
 * Creates a random stream from a seed.
 *
 * @param seed any text
 * @source sfc32 of the PractRand suite (Chris Doty-Humphrey), seeded by FNV-1a in four lanes
 * @example createRandom('demo').fork('household 7').int(1, 6)
 */
export function createRandom(seed: string): Random {
  const draw = sfc32(seed);
  const next = () => draw() / 2 ** 32;
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    int,
    decimal: (min, max, decimals) =>
      int(min * 10 ** decimals, max * 10 ** decimals) / 10 ** decimals,
    chance: (probability) => next() < probability,
    pick(list) {
      if (list.length === 0) throw new RangeError('There is nothing to pick from');
      // The index is below the length, so there is an element.
      return list[int(0, list.length - 1)] as (typeof list)[number];
    },
    fill(bytes) {
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = draw() >>> 24;
    },
    fork: (label) => createRandom(`${seed}/${label}`),
  };
}

function sfc32(seed: string): () => number {
  let [a, b, c, counter] = [0, 1, 2, 3].map((lane) => fnv1a(`${lane}:${seed}`)) as Lanes;
  const draw = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // The first numbers still resemble the seed.
  for (let round = 0; round < 12; round += 1) draw();
  return draw;
}

type Lanes = [number, number, number, number];

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash | 0;
}
