import {
  checkDrift,
  describeDrift,
  hasDrift,
  migrate,
  storeFiles,
  type DatabaseName,
  type DatabaseTarget,
} from '@caregraph/database';
import type { Command } from 'commander';
import { knownStores, withStoreTargets } from './migrate-target.ts';

interface MigrateFlags {
  readonly check?: boolean;
  readonly retryFailed?: boolean;
}

/** `caregraph migrate [store…] [--check] [--retry-failed]`: brings the databases up to date. */
export function registerMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('create the databases that are missing and apply their migrations')
    .argument('[stores...]', 'a subgraph or identity; all when absent')
    .option('-c, --check', 'change nothing; tell what differs, and exit with 1 when anything does')
    .option('--retry-failed', 'try migrations again that failed before')
    .action(async (asked: string[], flags: MigrateFlags) => {
      const stores = knownStores(asked, program);
      await withStoreTargets(stores, async (targets) => {
        for (const { store, target } of targets) await runStore(store, target, flags);
      });
    });
}

async function runStore(
  store: DatabaseName,
  target: DatabaseTarget,
  flags: MigrateFlags,
): Promise<void> {
  if (flags.check === true) {
    const report = await checkDrift(storeFiles(store), target);
    const lines = describeDrift(report);
    console.log(`${store}: ${lines.length === 0 ? 'up to date' : ''}`.trimEnd());
    for (const line of lines) console.log(`  ${line}`);
    if (hasDrift(report)) process.exitCode = 1;
    return;
  }
  const retryFailed = flags.retryFailed === true;
  const { createdDatabase, applied } = await migrate(storeFiles(store), target, { retryFailed });
  if (createdDatabase) console.log(`${store}: made the database ${target.database}`);
  for (const name of applied) console.log(`${store}: applied ${name}`);
  if (!createdDatabase && applied.length === 0) console.log(`${store}: up to date`);
}
