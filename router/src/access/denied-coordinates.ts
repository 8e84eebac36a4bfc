import type { MarkedSet } from './mark-document.ts';

/** Every coordinate that is denied somewhere in the operation, sorted. */
export function deniedCoordinates(root: MarkedSet): string[] {
  const denied = new Set<string>();
  const visited = new Set<MarkedSet>();
  function walk(set: MarkedSet): void {
    if (visited.has(set) || !set.touched) return;
    visited.add(set);
    for (const selection of set.selections) {
      if (selection.kind === 'field' && selection.denied) denied.add(selection.coordinate);
      if (selection.set !== undefined) walk(selection.set);
    }
  }
  walk(root);
  return [...denied].sort();
}
