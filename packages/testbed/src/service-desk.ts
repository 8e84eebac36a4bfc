import { createServer } from 'node:http';
import { startPostgres } from './postgres.ts';
import { startRabbitmq } from './rabbitmq.ts';
import { startRedis } from './redis.ts';
import type { Service, ServiceName } from './service.ts';

type Starter = (log: (line: string) => void) => Promise<Service>;

const starters: ReadonlyMap<string, Starter> = new Map<ServiceName, Starter>([
  ['postgres', startPostgres],
  ['redis', startRedis],
  ['rabbitmq', startRabbitmq],
]);

export type ServiceDesk = { readonly url: string; close(): Promise<void> };

/**
 * Hands out servers to the processes of one test run: `GET /postgres` answers the URL. Each server
 * starts when it is first asked for, once, so a run that needs none starts none.
 */
export async function openServiceDesk(log: (line: string) => void): Promise<ServiceDesk> {
  const asked = new Map<string, Promise<Service>>();
  const take = (name: string, start: Starter): Promise<Service> => {
    const known = asked.get(name);
    if (known !== undefined) return known;
    const service = timed(name, start, log);
    asked.set(name, service);
    return service;
  };
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    const start = starters.get(name);
    if (start === undefined) return void response.writeHead(404).end();
    take(name, start).then(
      (service) => response.end(service.url),
      (error: Error) => response.writeHead(503).end(error.message),
    );
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      const started = await Promise.allSettled(asked.values());
      const services = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      await Promise.all(services.map((service) => service.stop()));
    },
  };
}

async function timed(name: string, start: Starter, log: (line: string) => void): Promise<Service> {
  const begun = performance.now();
  const service = await start(log);
  log(`${name} is up after ${Math.round(performance.now() - begun)} ms (${service.origin})`);
  return service;
}

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('no TCP port'));
      resolve(address.port);
    });
  });
}
