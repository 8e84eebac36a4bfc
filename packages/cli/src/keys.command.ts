import type { Command } from 'commander';
import { makeFullDeploymentKeys } from './keys/full-deployment-keys.ts';

/** `caregraph keys init`: the secrets of a deployment whose parts are processes of their own. */
export function registerKeysCommand(program: Command): void {
  const keys = program.command('keys').description('the secrets of a full deployment');
  keys
    .command('init')
    .description('make every key and password on the spot; what is there already is never replaced')
    .option('--out <file>', 'the environment file; key files go beside it', '.env')
    .action(async ({ out }: { out: string }) => {
      for (const path of await makeFullDeploymentKeys(out)) console.log(path);
      console.error('Keep a copy elsewhere: without these keys the data cannot be read again.');
    });
}
