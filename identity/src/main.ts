import { systemClock } from '@caregraph/clock';
import { readIdentityConfig } from './config.ts';
import { createIdentityHost } from './server/identity-host.ts';
import { openIdentity } from './server/open-identity.ts';

const config = readIdentityConfig();
const { identity, log, close } = await openIdentity(config);
const app = await createIdentityHost({
  identity,
  prefix: new URL(config.TOKEN_ISSUER).pathname.replace(/\/$/, ''),
  deliveryKey: config.EVENT_DELIVERY_KEY,
  clock: systemClock,
  log,
});
await identity.start();
await app.listen({ host: config.HOST, port: config.PORT });
log.info('listening', { host: config.HOST, port: config.PORT });

async function stop(): Promise<void> {
  await app.close();
  await close();
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('stopping failed', { error });
        process.exit(1);
      },
    );
  });
}
