import type { Command } from 'commander';
import { createTokenIssuer } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { embeddedAudience, embeddedIssuer, readOrMakeKeys } from '@caregraph/deployment';
import { readEmbeddedConfig } from './config.ts';
import { createDemo } from './start/demo.ts';

/** `caregraph token --as <who>`: a ten-minute access token of a made-up person. */
export function registerTokenCommand(program: Command): void {
  program
    .command('token')
    .description('print a ten-minute access token of someone in the demo district')
    .option('--as <who>', 'health-worker, clinician, pharmacist, auditor, …', 'health-worker')
    .option('--client <id>', 'of this client, which runs its registered documents only')
    .option('--list', 'name everyone instead')
    .action(async (options: { as: string; client?: string; list?: boolean }) => {
      const config = readEmbeddedConfig();
      const demo = await createDemo(config, systemClock);
      if (options.list) {
        for (const { key, label } of demo.actors) console.log(`${key.padEnd(24)}${label}`);
        return;
      }
      const keys = await readOrMakeKeys(config.CAREGRAPH_DATA);
      const issuer = createTokenIssuer({
        key: keys.tokenSigning,
        issuer: embeddedIssuer,
        audience: embeddedAudience,
        clientId: options.client ?? 'demo',
        documents: options.client === undefined ? 'free' : 'registered',
        clock: systemClock,
        ids: createIdSource(systemClock),
      });
      try {
        console.log(await demo.token(issuer, options.as));
      } catch (error) {
        program.error(error instanceof Error ? error.message : 'no token');
      }
    });
}
