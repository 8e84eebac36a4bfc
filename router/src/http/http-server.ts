import type { Clock, IdSource } from '@caregraph/clock';
import { createNetworkServer, type NetworkServer } from '@caregraph/network';
import type { Logger } from '@caregraph/observability';
import type { RouterConfig } from '../config.ts';
import { installCrossOrigin } from './cross-origin.ts';
import { writeGraphqlError } from './error-answer.ts';

/**
 * Creates the server of the router: that of every process that faces the network, which answers in
 * GraphQL's shape, and lets pages of the named origins ask.
 *
 * @throws Error with code PLAIN_HTTP_REFUSED, or when the certificate is not usable
 */
export async function createHttpServer(options: {
  readonly config: RouterConfig;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: IdSource;
}): Promise<NetworkServer> {
  const { config, log, clock, ids } = options;
  const { host, network, bodyLimitBytes } = config;
  const server = await createNetworkServer({
    ...{ host, network, bodyLimitBytes, log, clock, ids },
    writeError: writeGraphqlError,
  });
  installCrossOrigin(server.app, network);
  return server;
}
