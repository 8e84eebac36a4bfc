import { z } from 'zod';
import { systemClock } from '@caregraph/clock';
import { openEmbeddedKeyService, readOrMakeKeys, startDeployment } from '@caregraph/deployment';
import { generateDistrict } from '@caregraph/factory';
import { createLogger } from '@caregraph/observability';
import { defaultLimits } from '@caregraph/router';
import { runChild } from '../process/child.ts';
import { databaseTargets } from './database-targets.ts';
import { createTokens, loadPeople } from './load-people.ts';

const settingsSchema = z.object({
  directory: z.string(),
  databases: databaseTargets,
  households: z.int(),
});

/** The embedded profile: five subgraphs and the router in this process, with a made-up district. */
runChild(async (settings) => {
  const { directory, databases, households } = settingsSchema.parse(settings);
  const { keys: keyDatabase, ...stores } = databases;
  const keys = await readOrMakeKeys(directory);
  const deployment = await startDeployment({
    databases: stores,
    keyDatabase,
    keyService: await openEmbeddedKeyService({ dataDirectory: directory, keyDatabase }),
    keys,
    log: createLogger({ service: 'caregraph', level: 'warn', destination: process.stderr }),
    clock: systemClock,
    phoneRegion: 'IN',
    // One caller asks as often as it can: a limit of rates would be what is measured.
    router: { port: 0, explorer: false, limits: { ...defaultLimits, rates: false } },
  });
  const today = systemClock.now().toISOString().slice(0, 10);
  const district = generateDistrict({ seed: 'patient list', today, households });
  const { operations } = await loadPeople(deployment, district);
  const authorization = await createTokens(deployment, district)('hospital-clinician-1');
  const url = await deployment.listen();
  return { started: { url, authorization, operations }, stop: deployment.stop };
});
