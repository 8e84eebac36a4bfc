import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { z } from 'zod';
import type { Running } from './child.ts';

const listening = z.object({ url: z.url() });

/** Listens on a free port of this machine, and on nothing else. */
export async function listenLocally(server: Server): Promise<Running> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    started: { url: `http://127.0.0.1:${address.port}` },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port that was free a moment ago, for a server that must know its address beforehand. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const { started, stop } = await listenLocally(server);
  await stop();
  return Number(new URL(listening.parse(started).url).port);
}
