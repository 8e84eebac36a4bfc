import type { FastifyInstance } from 'fastify';
import type { Clock, IdSource } from '@caregraph/clock';
import { addEventEndpoint } from '@caregraph/messaging';
import {
  createErrorAnswer,
  createNetworkServer,
  installDrain,
  listen,
  type NetworkConfig,
} from '@caregraph/network';
import type { Logger } from '@caregraph/observability';
import type { Identity } from '../identity.ts';
import { writeOAuthError } from './error-text.ts';

/** A batch of events from a subgraph is the largest that comes. */
const bodyLimitBytes = 4 * 1024 * 1024;

interface HostOptions {
  readonly identity: Pick<Identity, 'install' | 'consumer' | 'isReady'>;
  readonly host: string;
  readonly port: number;
  readonly network: NetworkConfig;
  /** The path of the issuer, e.g. `/identity`, or nothing. */
  readonly prefix: string;
  readonly deliveryKey: Uint8Array;
  readonly drainTimeoutMs: number;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
}

export interface IdentityHost {
  readonly app: FastifyInstance;
  /** @returns the address clients use. @throws Error with code PORT_TAKEN */
  listen(): Promise<string>;
  /** Lets requests in flight finish, refuses new ones, then stops. */
  close(): Promise<void>;
}

/**
 * Serves identity as a process of its own, which faces the network as the router does: the
 * provider, `/events`, `/healthz` and `/ready`.
 *
 * @throws Error with code PLAIN_HTTP_REFUSED, or when the certificate is not usable
 */
export async function createIdentityHost(options: HostOptions): Promise<IdentityHost> {
  const { identity, host, network, clock, ids, log } = options;
  const { app, retire } = await createNetworkServer({
    ...{ host, network, bodyLimitBytes, clock, ids, log },
    writeError: writeOAuthError,
  });
  const { isDraining, drain } = installDrain(app, createErrorAnswer(writeOAuthError));
  installHealth(app, identity, isDraining);
  addEventEndpoint(app, { ...options, consumer: identity.consumer });
  await identity.install(app, options.prefix);
  let closing: Promise<void> | undefined;
  async function stop(): Promise<void> {
    retire();
    await drain(options.drainTimeoutMs);
    await app.close();
  }
  return {
    app,
    listen: () => listen(app, options),
    close: () => (closing ??= stop()),
  };
}

function installHealth(
  app: FastifyInstance,
  identity: Pick<Identity, 'isReady'>,
  isDraining: () => boolean,
): void {
  app.get('/healthz', (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ ok: true }),
  );
  app.get('/ready', async (_request, reply) => {
    const draining = isDraining();
    const store = (await identity.isReady()) ? 'up' : 'down';
    const ready = !draining && store === 'up';
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ ready, draining, store });
  });
}
