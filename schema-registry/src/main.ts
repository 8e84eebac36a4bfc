import { fileURLToPath } from 'node:url';
import { checkDocuments, shippedDocumentsPath } from './documents/index.ts';
import { checkSupergraph, loadSupergraph, publishSupergraph } from './publish-supergraph.ts';
import type { SchemaChange } from './schema-changes.ts';
import { formatProblem } from './schema-problem.ts';

const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));
const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(command: string | undefined): Promise<number> {
  switch (command) {
    case 'publish':
      return publish();
    case 'check':
      return check();
    default:
      say('usage: main.ts publish | check');
      return 2;
  }
}

async function publish(): Promise<number> {
  const report = await publishSupergraph(repositoryRoot);
  if (report.kind === 'refused') return refuse(report.problems.map(formatProblem));
  sayChanges(report.changes);
  for (const path of report.written) say(`written  ${path}`);
  for (const path of report.removed) say(`removed  ${path}`);
  if (report.written.length + report.removed.length === 0) say('The published schema is current.');
  return 0;
}

async function check(): Promise<number> {
  const report = await checkSupergraph(repositoryRoot);
  if (report.kind === 'refused') return refuse(report.problems.map(formatProblem));
  for (const hint of report.hints) say(`hint      ${hint}`);
  sayChanges(report.changes);
  for (const path of report.outdated) say(`outdated  ${path}`);
  if (report.kind === 'up-to-date') return checkManifests();
  say('Run `npm run -w schema-registry publish` and commit what it writes.');
  return 1;
}

/** Documents are looked at against what is published, so only once that is up to date. */
async function checkManifests(): Promise<number> {
  const findings = await checkDocuments(shippedDocumentsPath, await loadSupergraph());
  for (const finding of findings) say(`documents ${finding}`);
  if (findings.length === 0) return 0;
  say('Run `npm run caregraph -- documents register --client <client>` and commit what it writes.');
  return 1;
}

function refuse(lines: readonly string[]): number {
  say('The subgraphs do not compose:');
  for (const line of lines) say(`  ${line}`);
  return 1;
}

function sayChanges(changes: readonly SchemaChange[]): void {
  for (const { criticality, message } of changes) {
    if (criticality !== 'safe') say(`${criticality.padEnd(9)} ${message}`);
  }
}

process.exitCode = await main(process.argv[2]);
