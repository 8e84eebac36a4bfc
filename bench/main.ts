import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench, BenchOptions, BenchReport } from './bench.ts';
import { formatReport, machineLine } from './report.ts';

/** One line a bench; its module loads only when it runs. */
const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  'start-up': async () => (await import('./start-up.bench.ts')).startUpBench,
  import: async () => (await import('./import.bench.ts')).importBench,
  'patient-list': async () => (await import('./patient-list.bench.ts')).patientListBench,
  router: async () => (await import('./router.bench.ts')).routerBench,
  access: async () => (await import('./access.bench.ts')).accessBench,
  'encryption-values': async () =>
    (await import('./encryption-values.bench.ts')).encryptionValuesBench,
  'encryption-list': async () => (await import('./encryption-list.bench.ts')).encryptionListBench,
  'encryption-first-sync': async () =>
    (await import('./encryption-first-sync.bench.ts')).encryptionFirstSyncBench,
  'encryption-search': async () =>
    (await import('./encryption-search.bench.ts')).encryptionSearchBench,
  'encryption-rotation': async () =>
    (await import('./encryption-rotation.bench.ts')).encryptionRotationBench,
};

const usage = `npm run bench -- [${Object.keys(benches).join('|')} …] [--rounds=<n>] [--full] [--json]`;

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      ...{ json: { type: 'boolean' }, full: { type: 'boolean' }, help: { type: 'boolean' } },
      rounds: { type: 'string' },
    },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  const strange = positionals.filter((name) => benchesNamed(name).length === 0);
  const wrong = rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1 && rounds <= 100);
  if (values.help === true || strange.length > 0 || wrong) {
    console.error(usage);
    return values.help === true ? 0 : 64;
  }
  const wanted =
    positionals.length === 0 ? Object.keys(benches) : positionals.flatMap(benchesNamed);
  const full = values.full === true;
  const { reports, failed } = await runAll(wanted, { full, ...(rounds && { rounds }) });
  if (values.json === true) {
    console.log(JSON.stringify({ machine: machineLine(), at: new Date(), reports, failed }));
  } else {
    console.log(`\n${new Date().toISOString().slice(0, 10)}, ${machineLine()}\n`);
    for (const report of reports) console.log(formatReport(report));
  }
  for (const name of failed) console.error(`bench: ${name} FAILED, see above`);
  return failed.length === 0 ? 0 : 1;
}

/** A name is of one bench, or of all whose names begin with it: `encryption`. */
function benchesNamed(name: string): string[] {
  return Object.keys(benches).filter((one) => one === name || one.startsWith(`${name}-`));
}

async function runAll(names: readonly string[], options: Pick<BenchOptions, 'rounds' | 'full'>) {
  const reports: BenchReport[] = [];
  const failed: string[] = [];
  for (const name of names) {
    const directory = await mkdtemp(join(tmpdir(), `caregraph-bench-${name}-`));
    const removeAtExit = () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    process.once('exit', removeAtExit);
    const say = (line: string) => console.error(`bench: ${name}: ${line}`);
    try {
      const bench = await benches[name]?.();
      const report = await bench?.({ directory, say, ...options });
      if (report !== undefined) reports.push(report);
    } catch (error) {
      console.error(error);
      failed.push(name);
    } finally {
      process.removeListener('exit', removeAtExit);
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  return { reports, failed };
}

// An orderly exit ends the children and the embedded PostgreSQL; the default of a signal does not.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main(process.argv.slice(2));
