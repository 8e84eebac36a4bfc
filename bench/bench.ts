/** One line of a bench's table. */
export interface Row {
  /** What was asked of both sides, e.g. `50 patients, 16 at a time`. */
  readonly case: string;
  readonly measure: string;
  readonly unit: string;
  readonly ours: number;
  /** Undefined where the peer has nothing of the kind. */
  readonly peer?: number;
  /** Ours over the peer's, as the median of the rounds. */
  readonly ratio?: number;
  /** The smallest and the largest ratio of a round: how far to trust the median. */
  readonly spread?: readonly [low: number, high: number];
}

export interface BenchReport {
  readonly name: string;
  readonly title: string;
  readonly ours: string;
  readonly peer: string;
  readonly rounds: number;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

export interface BenchOptions {
  /** An empty folder of this run, removed afterwards. */
  readonly directory: string;
  /** Rounds of each case; every bench has its own default. */
  readonly rounds?: number;
  /** Sizes of a whole country, where a bench has such; they take many minutes. */
  readonly full?: boolean;
  /** One line about what is going on. */
  readonly say: (line: string) => void;
}

/** A measurement of one thing against a named peer, in the same run. */
export type Bench = (options: BenchOptions) => Promise<BenchReport>;
