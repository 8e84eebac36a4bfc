import type { TakenType } from './fhir/taken.ts';
import type { Issue } from './issue.ts';

/** What became of a resource. */
export type Fate =
  /** Written by this import. */
  | 'taken'
  /** Was written by an earlier import, and is the same. */
  | 'replayed'
  /** Is there already, with other content; records are not overwritten by an import. */
  | 'existing'
  /** The server refused it, with a reason in the issues. */
  | 'refused'
  /** Cannot be loaded, with a reason in the issues. */
  | 'bad'
  /** Came more than once in the input. */
  | 'repeated'
  /** Says by its status or code that it is not to be taken. */
  | 'left';

export type TypeTally = { read: number } & Record<Fate, number>;
export type Counts = Readonly<Partial<Record<TakenType, number>>>;

/** Keeps count. Issues beyond a bound are counted but not kept, so that memory stays bounded. */
export interface ImportTally {
  read(type: TakenType): void;
  settle(counts: Counts, fate: Fate): void;
  /** A resource or part of one that is not taken, under its name in the summary. */
  leave(name: string): void;
  issue(issue: Issue): void;
  types(): Readonly<Partial<Record<TakenType, TypeTally>>>;
  notTaken(): Readonly<Record<string, number>>;
  issues(): readonly Issue[];
  issueCount(): number;
  settled(): number;
}

const maxKeptIssues = 10_000;
const maxKeptNames = 1_000;

export function createImportTally(onIssue: (issue: Issue) => void = () => undefined): ImportTally {
  const types = new Map<TakenType, TypeTally>();
  const names = new Map<string, number>();
  const issues: Issue[] = [];
  let issueCount = 0;
  let settled = 0;
  const ofType = (type: TakenType): TypeTally => {
    const known = types.get(type);
    if (known !== undefined) return known;
    const fresh = {
      ...{ read: 0, taken: 0, replayed: 0, existing: 0 },
      ...{ refused: 0, bad: 0, repeated: 0, left: 0 },
    };
    types.set(type, fresh);
    return fresh;
  };
  return {
    read: (type) => void (ofType(type).read += 1),
    settle(counts, fate) {
      for (const [type, count] of Object.entries(counts)) {
        // Object.entries forgets that the keys are types.
        ofType(type as TakenType)[fate] += count;
        settled += count;
      }
    },
    leave(name) {
      const kept = names.has(name) || names.size < maxKeptNames ? name : '(others)';
      names.set(kept, (names.get(kept) ?? 0) + 1);
    },
    issue(issue) {
      issueCount += 1;
      if (issues.length < maxKeptIssues) issues.push(issue);
      onIssue(issue);
    },
    types: () => Object.fromEntries(types),
    notTaken: () => Object.fromEntries([...names].sort(([a], [b]) => (a < b ? -1 : 1))),
    issues: () => issues,
    issueCount: () => issueCount,
    settled: () => settled,
  };
}
