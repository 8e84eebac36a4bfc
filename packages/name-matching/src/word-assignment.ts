/**
 * The most that rows can be worth together when each takes a column of its own, as words of a query
 * take words of a name. A row that takes the best column left for it can leave nothing to a later
 * one, so all ways are looked at: what is best for each set of taken columns, row after row.
 *
 * @param worth for each row what each column is worth to it, 0 when it cannot have it; at most 30
 *   columns, and meant for eight: the work doubles with each
 * @returns the largest sum, whatever the order of rows and columns; 0 when some row gets no column
 * @source Held and Karp 1962 (dynamic programming over subsets)
 * @example bestAssignment([[8, 10], [6, 8]]) // 16, by either way
 */
export const bestAssignment = (worth: readonly (readonly number[])[]): number => {
  let bestOf: ReadonlyMap<number, number> = new Map([[0, 0]]);
  for (const row of worth) {
    const next = new Map<number, number>();
    for (const [taken, sum] of bestOf) {
      row.forEach((value, column) => {
        const after = taken | (1 << column);
        if (value === 0 || after === taken) return;
        if (sum + value > (next.get(after) ?? 0)) next.set(after, sum + value);
      });
    }
    bestOf = next;
  }
  return Math.max(0, ...bestOf.values());
};
