/** The middle of a list of numbers. @throws RangeError when it is empty */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/**
 * The value below which a share of the numbers lies, by linear interpolation between ranks.
 *
 * @param share from 0 to 1
 * @throws RangeError when there are no numbers
 * @example percentile(latenciesMs, 0.99)
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (sorted.length - 1) * share;
  const below = sorted[Math.floor(rank)];
  const above = sorted[Math.ceil(rank)];
  if (below === undefined || above === undefined) throw new RangeError('there is nothing to rank');
  return below + (above - below) * (rank - Math.floor(rank));
}
