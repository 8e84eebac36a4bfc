import { createIdSource, systemClock } from '@caregraph/clock';
import { stopOnSignals } from '@caregraph/network';
import { readIdentityConfig } from './config.ts';
import { createIdentityHost } from './server/identity-host.ts';
import { openIdentity } from './server/open-identity.ts';

/** Identity as its own process, until SIGINT or SIGTERM. */
async function main(): Promise<void> {
  const config = readIdentityConfig();
  const { identity, log, close } = await openIdentity(config);
  const host = await createIdentityHost({
    identity,
    host: config.HOST,
    port: config.PORT,
    network: config.network,
    prefix: new URL(config.TOKEN_ISSUER).pathname.replace(/\/$/, ''),
    deliveryKey: config.EVENT_DELIVERY_KEY,
    drainTimeoutMs: config.DRAIN_TIMEOUT_MS,
    clock: systemClock,
    ids: createIdSource(systemClock),
    log,
  }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const stop = async () => {
    await host.close();
    await close();
  };
  stopOnSignals(stop, log);
  try {
    await identity.start();
    await host.listen();
  } catch (error) {
    await stop();
    throw error;
  }
  log.info('listening', { host: config.HOST, port: config.PORT });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'Identity did not start.'}\n`);
  process.exitCode = 1;
});
