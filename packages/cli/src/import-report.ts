import type { ImportProgress, ImportSummary, Issue } from '@caregraph/fhir-import';

const width = 28;
const lineEveryMs = 5_000;
const shownIssues = 20;

/** Shows how far an import is: a bar on a terminal, a line now and then elsewhere. */
export interface ProgressView {
  show(progress: ImportProgress): void;
  /** Leaves the bar behind. */
  end(): void;
}

/** Creates the view of a stream; quiet ones show nothing. */
export function createProgressView(
  stream: { readonly isTTY?: boolean; write(text: string): unknown },
  isQuiet: boolean,
): ProgressView {
  if (isQuiet) return { show: () => undefined, end: () => undefined };
  const isTerminal = stream.isTTY === true;
  const everyMs = isTerminal ? 100 : lineEveryMs;
  let shownAt = -Infinity;
  let stage = '';
  return {
    show(progress) {
      const now = performance.now();
      const isComplete = progress.done >= progress.total;
      if (progress.stage === stage && now - shownAt < everyMs && !isComplete) return;
      if (progress.stage === stage && isComplete && !isTerminal) return;
      shownAt = now;
      stage = progress.stage;
      const text = isTerminal ? `\r${bar(progress)}\u001b[K` : `${plain(progress)}\n`;
      stream.write(text);
    },
    end() {
      if (isTerminal && stage !== '') stream.write('\n');
    },
  };
}

function share({ done, total }: ImportProgress): number {
  return total === 0 ? 1 : Math.min(done / total, 1);
}

function bar(progress: ImportProgress): string {
  const filled = Math.round(share(progress) * width);
  return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${plain(progress)}`;
}

function plain(progress: ImportProgress): string {
  const percent = Math.floor(share(progress) * 100);
  return `${String(percent).padStart(3)}% ${progress.stage}`;
}

const columns = [
  'read',
  'taken',
  'replayed',
  'existing',
  'refused',
  'bad',
  'repeated',
  'left',
] as const;

/** The summary for people. It names types, codes, files and places, never what a record says. */
export function summaryLines(summary: ImportSummary): string[] {
  const { files, resources, durationMs, resourcesPerSecond } = summary;
  const seconds = (durationMs / 1_000).toFixed(1);
  return [
    `${files} files, ${resources} resources in ${seconds} s (${resourcesPerSecond} a second)`,
    ...typeTable(summary),
    ...notTakenLines(summary),
    ...issueLines(summary),
    ...(summary.provisional > 0
      ? [
          `${summary.provisional} records wait for their patient to arrive; they settle by themselves.`,
        ]
      : []),
  ];
}

function typeTable({ types }: ImportSummary): string[] {
  const rows = Object.entries(types).map(([type, tally]) => [
    type.padEnd(20),
    ...columns.map((column) => String(tally[column]).padStart(9)),
  ]);
  if (rows.length === 0) return ['There was nothing to take.'];
  const head = ['type'.padEnd(20), ...columns.map((column) => column.padStart(9))];
  return [head, ...rows].map((cells) => cells.join(''));
}

function notTakenLines({ notTaken }: ImportSummary): string[] {
  const names = Object.entries(notTaken);
  if (names.length === 0) return [];
  return [`Not taken: ${names.map(([name, count]) => `${name} ${count}`).join(', ')}`];
}

function issueLines({ issues, issueCount }: ImportSummary): string[] {
  if (issueCount === 0) return [];
  const shown = issues.slice(0, shownIssues).map(issueLine);
  const more = issueCount - shown.length;
  return [
    `${issueCount} problems:`,
    ...shown,
    ...(more > 0 ? [`  … and ${more} more; --report writes them to a file`] : []),
  ];
}

const losses = { RECORD: 'not loaded', PART: 'the rest is loaded', FILE: 'the file ends here' };

function issueLine({ file, path, code, lost }: Issue): string {
  return `  ${file} ${path}: ${code} (${losses[lost]})`;
}
