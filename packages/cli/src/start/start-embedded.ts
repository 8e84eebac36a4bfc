import { systemClock } from '@caregraph/clock';
import { readOrMakeKeys, startDeployment, type Deployment } from '@caregraph/deployment';
import { createLogger } from '@caregraph/observability';
import type { EmbeddedConfig } from '../config.ts';
import { createDemo, type Demo } from './demo.ts';
import { startEmbeddedStores } from './embedded-stores.ts';
import { requireFreePort } from './free-port.ts';
import type { StopList } from './stop-signal.ts';

export interface EmbeddedProfile {
  readonly url: string;
  readonly deployment: Deployment;
  /** The made-up district; undefined when it is turned off. */
  readonly demo: Demo | undefined;
}

/**
 * Brings the embedded profile up: PostgreSQL, five subgraphs, the router. What was started is on
 * the stop list at every moment, so that a signal in the middle leaves nothing behind.
 */
export async function startEmbedded(
  config: EmbeddedConfig,
  stops: StopList,
  say: (line: string) => void,
): Promise<EmbeddedProfile> {
  await requireFreePort(config.HOST, config.PORT);
  const stores = await startEmbeddedStores(config.CAREGRAPH_DATA, say);
  stops.add(stores.stop);
  const demo = config.DEMO === 'on' ? await createDemo(config, systemClock) : undefined;
  const deployment = await startDeployment({
    databases: stores.databases,
    keys: await readOrMakeKeys(config.CAREGRAPH_DATA),
    log: createLogger({
      service: 'caregraph',
      level: config.LOG_LEVEL,
      destination: process.stderr,
    }),
    clock: systemClock,
    phoneRegion: config.PHONE_REGION,
    router: { host: config.HOST, port: config.PORT },
    ...(demo && { demoTokens: demo.tokens }),
  });
  stops.add(deployment.stop);
  return { url: await deployment.listen(), deployment, demo };
}
