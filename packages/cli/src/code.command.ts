import type { Command } from 'commander';
import { systemClock } from '@caregraph/clock';
import { readOrMakeKeys } from '@caregraph/deployment';
import { demoCredentials } from '@caregraph/identity';
import { readEmbeddedConfig } from './config.ts';

/** `caregraph code`: what the authenticator app of a made-up person would show now. */
export function registerCodeCommand(program: Command): void {
  program
    .command('code')
    .description('print the 6-digit code with which someone of the demo district signs in')
    .option('--as <user>', 'the user name', 'clinician-1')
    .action(async ({ as: username }: { as: string }) => {
      const keys = await readOrMakeKeys(readEmbeddedConfig().CAREGRAPH_DATA);
      console.log(demoCredentials(keys.identitySealing, username).codeAt(systemClock.now()));
    });
}
