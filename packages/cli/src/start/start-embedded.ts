import { systemClock } from '@caregraph/clock';
import {
  embeddedDocuments,
  openEmbeddedKeyService,
  startDeployment,
  type Deployment,
  type DeploymentOptions,
} from '@caregraph/deployment';
import { embeddedErasureList } from '@caregraph/deployment/erasures';
import { createLogger, createMetrics, serveMetrics } from '@caregraph/observability';
import { networkConfigOf } from '@caregraph/network';
import { readErasureConfig, type EmbeddedConfig } from '../config.ts';
import { createDemo, type Demo } from './demo.ts';
import { startEmbeddedStores, type EmbeddedStores } from './embedded-stores.ts';
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
  const { keys } = stores;
  const log = createLogger({
    service: 'caregraph',
    level: config.LOG_LEVEL,
    destination: process.stderr,
  });
  const metrics = createMetrics();
  const deployment = await startDeployment({
    metrics,
    databases: stores.databases,
    keyDatabase: stores.databases.keys,
    keyService: await openEmbeddedKeyService({
      dataDirectory: config.CAREGRAPH_DATA,
      keyDatabase: stores.databases.keys,
      passphraseFile: config.KEK_PASSPHRASE_FILE,
    }),
    keys,
    log,
    clock: systemClock,
    phoneRegion: config.PHONE_REGION,
    router: { host: config.HOST, port: config.PORT, network: networkOf(config) },
    erasures: await embeddedErasureList(config.CAREGRAPH_DATA, config.ERASURE_LIST_DIR),
    keyBackupDays: readErasureConfig().KEY_BACKUP_DAYS,
    documents: await embeddedDocuments({ dataDirectory: config.CAREGRAPH_DATA, keys, log }),
    ...identityAt(config, stores),
    ...(demo && { demoTokens: demo.tokens }),
  });
  stops.add(deployment.stop);
  if (config.METRICS_PORT !== undefined) {
    const server = await serveMetrics(metrics, config.METRICS_PORT);
    stops.add(async () => void server.close());
  }
  return { url: await deployment.listen(), deployment, demo };
}

/** Whoever signs in is sent to an address, so there must be one that is known beforehand. */
function identityAt(
  { HOST, PORT, PUBLIC_URL, TLS_CERT_FILE }: EmbeddedConfig,
  stores: EmbeddedStores,
): Pick<DeploymentOptions, 'identity'> {
  if (PORT === 0 && PUBLIC_URL === undefined) return {};
  const publicUrl = PUBLIC_URL ?? `http${TLS_CERT_FILE === undefined ? '' : 's'}://${HOST}:${PORT}`;
  return { identity: { database: stores.databases.identity, publicUrl } };
}

function networkOf(config: EmbeddedConfig) {
  const { HOST, PUBLIC_URL } = config;
  const names = PUBLIC_URL === undefined ? [HOST] : [HOST, new URL(PUBLIC_URL).hostname];
  return networkConfigOf(config, names);
}
