import { storeFiles, writeMigration } from '@caregraph/database';
import type { Command } from 'commander';
import { relative } from 'node:path';
import { knownStores } from './migrate-target.ts';

/** `caregraph migration <store> <name>`: writes the SQL that the changed schema asks for. */
export function registerMigrationCommand(program: Command): void {
  program
    .command('migration')
    .description('write a new migration from the changed schema of a store')
    .argument('<store>', 'patient, clinical, prescription, institution, audit or identity')
    .argument('<name>', 'what it does, such as add_consent')
    .option('--empty', 'write it also when the schema asks for nothing, to be filled by hand')
    .action(async (asked: string, name: string, flags: { empty?: boolean }) => {
      for (const store of knownStores([asked], program)) {
        const written = await writeMigration(storeFiles(store), name, {
          now: new Date(),
          log: () => undefined,
          allowEmpty: flags.empty === true,
        });
        if (!written) {
          console.log(`${store}: the migrations say what the schema says; nothing was written.`);
          continue;
        }
        console.log(`${store}: wrote ${relative(process.cwd(), written.path)}`);
        for (const danger of written.dataLoss) console.log(`  DATA LOSS? It ${danger}.`);
        if (written.dataLoss.length > 0) console.log('  Read the file before you apply it.');
      }
    });
}
